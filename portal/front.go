package portal

import (
	_ "embed"
	"mime"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/web"
)

//go:embed openapi.json
var openapi []byte

func (s *server) description(c *gin.Context, _ access.Actor) error {
	c.Data(http.StatusOK, "application/json", openapi)
	return nil
}

func (s *server) front(c *gin.Context, _ access.Actor) error {
	return s.file(c, "front.html")
}

// asset serves one of the embedded files, by its name.
func (s *server) asset(c *gin.Context, _ access.Actor) error { return s.file(c, c.Param("name")) }

func (s *server) file(c *gin.Context, name string) error {
	b, err := web.Files.ReadFile(name)
	if err != nil {
		return notThere()
	}
	c.Data(http.StatusOK, mime.TypeByExtension(path.Ext(name)), b)
	return nil
}

// health says that the program runs.
func (s *server) health(c *gin.Context, _ access.Actor) error {
	return answer(c, http.StatusOK, map[string]string{"status": "ok", "version": s.version})
}

// readiness says that everything the program needs answers.
func (s *server) readiness(c *gin.Context, _ access.Actor) error {
	if err := s.ready(c.Request.Context()); err != nil {
		return fault.Wrap(fault.Unavailable, "Not ready: something that Custodian needs does not answer. The log says what.", err)
	}
	return answer(c, http.StatusOK, map[string]string{"status": "ready"})
}
