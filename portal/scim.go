package portal

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/scim"
)

// scimType is the media type of what directory services send and are answered (RFC
// 7644, 8.1).
const scimType = "application/scim+json"

// directory is everything that a directory service can ask. No API token and no
// session opens any of it, and a directory's token nothing else.
func (s *server) directory() []route {
	const at = scim.Path
	return []route{
		{http.MethodGet, at + "/ServiceProviderConfig", access.ReadDirectory, s.directoryConfig},
		{http.MethodGet, at + "/ResourceTypes", access.ReadDirectory, s.resourceTypes},
		{http.MethodGet, at + "/ResourceTypes/:id", access.ReadDirectory, s.resourceTypes},
		{http.MethodGet, at + "/Schemas", access.ReadDirectory, s.directorySchemas},
		{http.MethodGet, at + "/Schemas/:id", access.ReadDirectory, s.directorySchemas},
		{http.MethodGet, at + "/Users", access.ReadDirectory, s.directoryUsers},
		{http.MethodPost, at + "/Users", access.SayUser, s.addDirectoryUser},
		{http.MethodGet, at + "/Users/:id", access.ReadDirectory, s.directoryUser},
		{http.MethodPut, at + "/Users/:id", access.SayUser, s.putDirectoryUser},
		{http.MethodPatch, at + "/Users/:id", access.SayUser, s.patchDirectoryUser},
		{http.MethodDelete, at + "/Users/:id", access.SayUser, s.deleteDirectoryUser},
		{http.MethodGet, at + "/Groups", access.ReadDirectory, s.directoryGroups},
		{http.MethodPost, at + "/Groups", access.SayGroup, s.addDirectoryGroup},
		{http.MethodGet, at + "/Groups/:id", access.ReadDirectory, s.directoryGroup},
		{http.MethodPut, at + "/Groups/:id", access.SayGroup, s.putDirectoryGroup},
		{http.MethodPatch, at + "/Groups/:id", access.SayGroup, s.patchDirectoryGroup},
		{http.MethodDelete, at + "/Groups/:id", access.SayGroup, s.deleteDirectoryGroup},
	}
}

// isDirectory tells whether a directory service asks.
func isDirectory(c *gin.Context) bool { return strings.HasPrefix(c.Request.URL.Path, scim.Path+"/") }

// ofDirectory lets a directory service in by its token, at its pace.
func (s *server) ofDirectory(a access.Action, h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(actionKey, a.Name)
		if s.scim == nil {
			s.fail(c, notThere())
			return
		}
		actor, err := scim.Bearer(c.Request.Context(), s.db, c.GetHeader("Authorization"))
		if err != nil {
			s.fail(c, err)
			return
		}
		c.Set(actorKey, int64(actor.ID))
		if wait := s.paces.due(actor.Provider, time.Now()); wait > 0 {
			c.Header("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
			s.say(c, problem{Type: "too-many", Title: "Too many requests", Status: http.StatusTooManyRequests, Detail: "The directory service asks too often. Wait, and send the rest."})
			return
		}
		if s.seen.due(actor.Token) {
			if err := scim.Seen(c.Request.Context(), s.db, actor); err != nil {
				s.log.Warn("directory token use not noted", "token", actor.Token, "error", err)
			}
		}
		if err := h(c, actor); err != nil {
			s.fail(c, err)
		}
	}
}

// mostAsked is how many requests an organisation's directory may send in a minute.
const mostAsked = 3000

// paces counts what each organisation's directory asks in a minute.
type paces struct {
	mu sync.Mutex
	of map[int64]pace
}

type pace struct {
	since time.Time
	n     int
}

// due counts a request, and tells how long to wait where there were too many.
func (p *paces) due(provider int64, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[int64]pace{}
	}
	one := p.of[provider]
	if now.Sub(one.since) >= time.Minute {
		one = pace{since: now}
	}
	one.n++
	p.of[provider] = one
	if one.n > mostAsked {
		return time.Minute - now.Sub(one.since)
	}
	return 0
}

// sentByDirectory reads the body of a directory's request.
func sentByDirectory(c *gin.Context) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != scimType && kind != "application/json" {
		return nil, fault.New(fault.Invalid, "Send JSON, as "+scimType+".")
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, scim.LongestBody))
	if tooMuch(err) {
		return nil, fault.New(fault.TooLarge, "The body is larger than "+strconv.Itoa(scim.LongestBody)+" bytes. Send it in parts.")
	}
	if err != nil {
		return nil, brokenOff(err)
	}
	return text, nil
}

// answerDirectory sends a resource, or nothing.
func answerDirectory(c *gin.Context, status int, body []byte, err error) error {
	if err != nil {
		return err
	}
	if body == nil {
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return nil
	}
	if status == http.StatusCreated {
		var made struct{ Meta struct{ Location string } }
		if err := json.Unmarshal(body, &made); err != nil {
			return err
		}
		c.Header("Location", made.Meta.Location)
	}
	c.Data(status, scimType, append(body, '\n'))
	return nil
}

// failDirectory writes an error as SCIM does (RFC 7644, 3.12).
func failDirectory(c *gin.Context, p problem) {
	said := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(p.Status), "detail": p.Detail}
	if p.word != "" {
		said["scimType"] = p.word
	}
	body, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	c.Data(p.Status, scimType, append(body, '\n'))
	c.Abort()
}

func (s *server) directoryConfig(c *gin.Context, _ access.Actor) error {
	b, err := s.scim.Config()
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) resourceTypes(c *gin.Context, _ access.Actor) error {
	b, err := s.scim.ResourceTypes(c.Param("id"))
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) directorySchemas(c *gin.Context, _ access.Actor) error {
	b, err := s.scim.Schemas(c.Param("id"))
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) directoryUsers(c *gin.Context, actor access.Actor) error {
	q, err := scim.ReadQuery(c.Request.URL.Query())
	if err != nil {
		return err
	}
	b, err := s.scim.Users(c.Request.Context(), actor, q)
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) directoryUser(c *gin.Context, actor access.Actor) error {
	b, err := s.scim.User(c.Request.Context(), actor, c.Param("id"), scim.ReadShape(c.Request.URL.Query()))
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) addDirectoryUser(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	b, err := s.scim.AddUser(c.Request.Context(), actor, body)
	return answerDirectory(c, http.StatusCreated, b, err)
}

func (s *server) putDirectoryUser(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	b, err := s.scim.PutUser(c.Request.Context(), actor, c.Param("id"), body)
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) patchDirectoryUser(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	b, err := s.scim.PatchUser(c.Request.Context(), actor, c.Param("id"), body)
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) deleteDirectoryUser(c *gin.Context, actor access.Actor) error {
	return answerDirectory(c, http.StatusNoContent, nil, s.scim.DeleteUser(c.Request.Context(), actor, c.Param("id")))
}

func (s *server) directoryGroups(c *gin.Context, actor access.Actor) error {
	q, err := scim.ReadQuery(c.Request.URL.Query())
	if err != nil {
		return err
	}
	b, err := s.scim.Groups(c.Request.Context(), actor, q)
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) directoryGroup(c *gin.Context, actor access.Actor) error {
	b, err := s.scim.Group(c.Request.Context(), actor, c.Param("id"), scim.ReadShape(c.Request.URL.Query()))
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) addDirectoryGroup(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	b, err := s.scim.AddGroup(c.Request.Context(), actor, body)
	return answerDirectory(c, http.StatusCreated, b, err)
}

func (s *server) putDirectoryGroup(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	b, err := s.scim.PutGroup(c.Request.Context(), actor, c.Param("id"), body)
	return answerDirectory(c, http.StatusOK, b, err)
}

func (s *server) patchDirectoryGroup(c *gin.Context, actor access.Actor) error {
	body, err := sentByDirectory(c)
	if err != nil {
		return err
	}
	return answerDirectory(c, http.StatusNoContent, nil, s.scim.PatchGroup(c.Request.Context(), actor, c.Param("id"), body))
}

func (s *server) deleteDirectoryGroup(c *gin.Context, actor access.Actor) error {
	return answerDirectory(c, http.StatusNoContent, nil, s.scim.DeleteGroup(c.Request.Context(), actor, c.Param("id")))
}
