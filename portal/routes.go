package portal

import (
	"net/http"

	"custodian/internal/access"
	"custodian/internal/login"
)

// route is one line of the table: who asks what, and which action it needs.
type route struct {
	method, path string
	action       access.Action
	handle       handler
}

// routes is everything that programs can ask: the API, the signs of life and
// what pages are made of. The pages are in pages.go. A route without an action
// is refused by the house test.
func (s *server) routes() []route {
	const api = "/api/v1"
	return []route{
		{http.MethodGet, "/assets/:name", access.Public, s.asset},
		{http.MethodGet, "/healthz", access.Public, s.health},
		{http.MethodGet, "/readyz", access.Public, s.readiness},
		{http.MethodPost, login.BackChannelPath, access.Public, s.ofService(s.backChannel)},
		{http.MethodGet, login.FrontChannelPath, access.Public, s.ofService(s.frontChannel)},
		{http.MethodGet, api + "/openapi.json", access.Public, s.description},
		{http.MethodGet, api + "/kinds", access.Public, s.kinds},

		{http.MethodGet, api + "/me", access.ViewSelf, s.me},
		{http.MethodGet, api + "/tokens", access.ViewSelf, s.tokens},
		{http.MethodPost, api + "/tokens", access.MakeToken, s.pageOnly(access.MakeToken)},
		{http.MethodPost, api + "/tokens/:id/revoke", access.RevokeToken, s.revokeToken},
		{http.MethodGet, api + "/settings", access.ViewHomes, s.homes},
		{http.MethodGet, api + "/settings/:id/documents", access.ListDocuments, s.homeDocuments},

		{http.MethodGet, api + "/records", access.ListRecords, s.records},
		{http.MethodPost, api + "/records", access.OpenRecord, s.openRecord},
		{http.MethodGet, api + "/records/:id", access.ViewRecord, s.record},
		{http.MethodPost, api + "/records/:id/close", access.CloseRecord, s.closeRecord},
		{http.MethodPost, api + "/records/:id/reopen", access.ReopenRecord, s.reopenRecord},
		{http.MethodPost, api + "/records/:id/move", access.MoveRecord, s.moveRecord},
		{http.MethodGet, api + "/records/:id/documents", access.ListDocuments, s.recordDocuments},
		{http.MethodPost, api + "/records/:id/documents", access.AddDocument, s.addDocument},
		{http.MethodGet, api + "/records/:id/as-at", access.AskAsAt, s.asAt},
		{http.MethodGet, api + "/records/:id/footprints", access.ViewFootprints, s.footprints},

		{http.MethodGet, api + "/documents/:id/versions", access.ViewDocument, s.versions},
		{http.MethodPost, api + "/documents/:id/versions", access.AddVersion, s.addVersion},
		{http.MethodPost, api + "/documents/:id/withdraw", access.Withdraw, s.withdraw},
		{http.MethodPost, api + "/documents/:id/versions/:n/approve", access.ApproveVersion, s.approve},
		{http.MethodPost, api + "/documents/:id/versions/:n/correct", access.CorrectDate, s.correct},
		{http.MethodPost, api + "/documents/:id/versions/:n/restore", access.RestoreVersion, s.restore},
		{http.MethodGet, api + "/documents/:id/versions/:n/content", access.OpenVersion, s.content},
		{http.MethodHead, api + "/documents/:id/versions/:n/content", access.OpenVersion, s.content},

		{http.MethodGet, api + "/records/:id/safety", access.ViewSafety, s.safety},
		{http.MethodPost, api + "/records/:id/safety", access.SaySafety, s.sayInPanel},
		{http.MethodPost, api + "/documents/:id/section", access.MoveSection, s.changeSection},
		{http.MethodGet, api + "/records/:id/lodgings", access.ViewLodgings, s.recordLodgings},
		{http.MethodGet, api + "/lodgings", access.ListLodgings, s.lodgings},
		{http.MethodGet, api + "/lodgings/:id", access.ViewLodgings, s.lodging},
		{http.MethodPost, api + "/lodgings/:id/keep", access.KeepLodging, s.keepLodging},
		{http.MethodPost, api + "/lodgings/:id/consult", access.AskOriginator, s.consultOriginator},
	}
}
