package portal

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/people"
	"custodian/portal/page"
)

// settings lists the provider's settings, for administrators.
func (s *server) settings(c *gin.Context, actor access.Actor) error {
	found, err := people.Settings(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := page.SettingsOf(found)
	if s.members != nil {
		kept, err := s.members.Kept(c.Request.Context(), actor)
		if err != nil {
			return err
		}
		for _, k := range kept {
			v.Kept = append(v.Kept, page.Link{Words: k.Name, Address: page.PersonAddress(k.ActorID)})
		}
		v.Directory = s.scim != nil
	}
	if v.Frame, err = s.frame(c, actor, "Settings", "/settings"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "settings", v)
}

// addSetting shows the form by which a setting is added, and takes it.
func (s *server) addSetting(c *gin.Context, actor access.Actor) error {
	there, err := people.Settings(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askSetting(c, actor, there, http.StatusOK, page.NewForm(nil, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	_, err = people.AddHome(c.Request.Context(), s.db, actor, actor.Provider, strings.TrimSpace(values.Get("name")), values.Get("kind"))
	if status, problems, ok := refused(err); ok {
		return s.askSetting(c, actor, there, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	return s.done(c, "/settings", "setting")
}

func (s *server) askSetting(c *gin.Context, actor access.Actor, there []people.Setting, status int, form *page.Form) error {
	v := page.Change{Caption: "Settings", Heading: "Add a setting", Address: "/settings/add", Submit: page.Submit{Words: "Add the setting", Cancel: "/settings"},
		Words:      []string{"A setting stays for good: its records and everything said about them hang on it. Check the name before you add it."},
		FactsTitle: "Settings now"}
	for _, r := range page.SettingsOf(there).Rows {
		v.Facts = append(v.Facts, page.Fact{Name: r.Name, Text: r.Kind})
	}
	v.Ask(form.Line("name", "What is it called?", "As it is registered. For example, Larch House."),
		form.Choice("kind", "What kind of setting is it?", "", page.HomeKindOptions()...))
	return s.askPage(c, actor, v, "/settings", status, form)
}
