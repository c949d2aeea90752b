package portal

import (
	"net/http"

	"custodian/internal/access"
)

// site is every page, with the action it needs. What a page shows is decided
// again, row by row, where it is read.
func (s *server) site() []route {
	return []route{
		{http.MethodGet, "/", access.Public, s.front},
		{http.MethodGet, "/sign-in", access.Public, s.beginSignIn},
		{http.MethodGet, "/sign-in/callback", access.Public, s.ofService(s.finishSignIn)},
		{http.MethodPost, "/sign-out", access.Public, s.signOut},
		{http.MethodGet, "/signed-out", access.Public, s.signedOut},
		{http.MethodGet, "/signed-in", access.ViewSelf, s.signedIn},
		{http.MethodGet, "/help", access.Public, s.plain("help", "Help")},
		{http.MethodGet, "/accessibility", access.Public, s.plain("accessibility", "Accessibility statement")},
		{http.MethodGet, "/privacy", access.Public, s.plain("privacy", "Privacy")},
		{http.MethodGet, "/records-safe", access.Public, s.plain("records-safe", "How we keep records safe")},

		{http.MethodGet, "/home", access.ViewNeeds, s.home},
		{http.MethodGet, "/me", access.ViewSelf, s.myself},
		{http.MethodPost, "/me/sessions/:id/end", access.EndSession, s.endSession},
		{http.MethodGet, "/me/tokens/new", access.MakeToken, s.newToken},
		{http.MethodPost, "/me/tokens/new", access.MakeToken, s.newToken},
		{http.MethodPost, "/me/tokens/:id/revoke", access.RevokeToken, s.endToken},

		{http.MethodGet, "/people", access.ViewPeople, s.people},
		{http.MethodGet, "/people/:id", access.ViewPerson, s.person},
		{http.MethodGet, "/people/:id/roles/give", access.GiveRole, s.giveRole},
		{http.MethodPost, "/people/:id/roles/give", access.GiveRole, s.giveRole},
		{http.MethodGet, "/people/:id/roles/:role/end", access.EndRole, s.endRole},
		{http.MethodPost, "/people/:id/roles/:role/end", access.EndRole, s.endRole},
		{http.MethodGet, "/people/:id/left", access.Leave, s.personLeft},
		{http.MethodPost, "/people/:id/left", access.Leave, s.personLeft},
		{http.MethodGet, "/people/:id/back", access.Return, s.personBack},
		{http.MethodPost, "/people/:id/back", access.Return, s.personBack},
		{http.MethodGet, "/settings", access.ViewSettings, s.settings},
		{http.MethodGet, "/settings/add", access.AddHome, s.addSetting},
		{http.MethodPost, "/settings/add", access.AddHome, s.addSetting},
		{http.MethodGet, "/sign-ins", access.ViewSignIns, s.ofService(s.signIns)},
		{http.MethodGet, "/sign-ins/map", access.MapGroup, s.ofService(s.mapGroup)},
		{http.MethodPost, "/sign-ins/map", access.MapGroup, s.ofService(s.mapGroup)},
		{http.MethodGet, "/sign-ins/mappings/:id/end", access.UnmapGroup, s.ofService(s.unmapGroup)},
		{http.MethodPost, "/sign-ins/mappings/:id/end", access.UnmapGroup, s.ofService(s.unmapGroup)},
		{http.MethodGet, "/sign-ins/:id/give", access.AddActor, s.ofService(s.welcome)},
		{http.MethodPost, "/sign-ins/:id/give", access.AddActor, s.ofService(s.welcome)},

		{http.MethodGet, "/records", access.ListRecords, s.recordList},
		{http.MethodGet, "/records/:id", access.ViewRecord, s.recordPage},
		{http.MethodGet, "/records/:id/add", access.AddDocument, s.adding(s.newDocuments)},
		{http.MethodPost, "/records/:id/add", access.AddDocument, s.sendFiles(s.newDocuments)},
		{http.MethodGet, "/documents/:id/add", access.AddVersion, s.adding(s.nextVersion)},
		{http.MethodPost, "/documents/:id/add", access.AddVersion, s.sendFiles(s.nextVersion)},
		{http.MethodGet, "/uploads/:id", access.ViewUpload, s.uploadPage},
		{http.MethodGet, "/uploads/:id/more", access.ViewUpload, s.morePage},
		{http.MethodPost, "/uploads/:id/more", access.HoldUpload, s.more},
		{http.MethodPost, "/uploads/:id/drop", access.DropUpload, s.dropWaiting},
		{http.MethodPost, "/uploads/:id/files/:file", access.AddDocument, s.addWaiting},
		{http.MethodPost, "/uploads/:id/files/:file/keep", access.NoteUpload, s.keepWaiting},
		{http.MethodPost, "/uploads/:id/files/:file/drop", access.DropUpload, s.dropWaiting},

		{http.MethodGet, "/records/open", access.OpenRecord, s.openForm},
		{http.MethodPost, "/records/open", access.OpenRecord, s.openSend},
		{http.MethodGet, "/records/:id/close", access.CloseRecord, s.stepForm(closing())},
		{http.MethodPost, "/records/:id/close", access.CloseRecord, s.stepSend(closing())},
		{http.MethodGet, "/records/:id/reopen", access.ReopenRecord, s.stepForm(reopening())},
		{http.MethodPost, "/records/:id/reopen", access.ReopenRecord, s.stepSend(reopening())},
		{http.MethodGet, "/records/:id/move", access.MoveRecord, s.stepForm(moving())},
		{http.MethodPost, "/records/:id/move", access.MoveRecord, s.stepSend(moving())},
		{http.MethodGet, "/records/:id/footprints", access.ViewFootprints, s.footprintPage},

		{http.MethodGet, "/records/:id/people", access.ViewAccess, s.recordPeople},
		{http.MethodGet, "/records/:id/people/key-worker", access.GiveGrant, s.onRecord(s.entrusting())},
		{http.MethodPost, "/records/:id/people/key-worker", access.GiveGrant, s.onRecord(s.entrusting())},
		{http.MethodGet, "/records/:id/people/own", access.GiveGrant, s.onRecord(s.lettingRead())},
		{http.MethodPost, "/records/:id/people/own", access.GiveGrant, s.onRecord(s.lettingRead())},
		{http.MethodGet, "/records/:id/people/consent", access.RecordConsent, s.onRecord(s.consenting())},
		{http.MethodPost, "/records/:id/people/consent", access.RecordConsent, s.onRecord(s.consenting())},
		{http.MethodGet, "/records/:id/people/grants/:grant/end", access.EndGrant, s.onRecord(s.endingGrant())},
		{http.MethodPost, "/records/:id/people/grants/:grant/end", access.EndGrant, s.onRecord(s.endingGrant())},
		{http.MethodGet, "/records/:id/people/consents/:consent/withdraw", access.WithdrawConsent, s.onRecord(s.withdrawingConsent())},
		{http.MethodPost, "/records/:id/people/consents/:consent/withdraw", access.WithdrawConsent, s.onRecord(s.withdrawingConsent())},

		{http.MethodGet, "/documents/:id", access.ViewDocument, s.documentPage},
		{http.MethodGet, "/documents/:id/versions/:n", access.ViewDocument, s.documentPage},
		{http.MethodGet, "/documents/:id/versions/:n/approve", access.ApproveVersion, s.changeForm(s.approving())},
		{http.MethodPost, "/documents/:id/versions/:n/approve", access.ApproveVersion, s.changeSend(s.approving())},
		{http.MethodGet, "/documents/:id/versions/:n/correct", access.CorrectDate, s.changeForm(s.correcting())},
		{http.MethodPost, "/documents/:id/versions/:n/correct", access.CorrectDate, s.changeSend(s.correcting())},
		{http.MethodGet, "/documents/:id/versions/:n/restore", access.RestoreVersion, s.changeForm(s.restoring())},
		{http.MethodPost, "/documents/:id/versions/:n/restore", access.RestoreVersion, s.changeSend(s.restoring())},
		{http.MethodGet, "/documents/:id/withdraw", access.Withdraw, s.changeForm(s.withdrawing())},
		{http.MethodPost, "/documents/:id/withdraw", access.Withdraw, s.changeSend(s.withdrawing())},
		{http.MethodGet, "/documents/:id/versions/:n/file", access.OpenVersion, s.content},
		{http.MethodHead, "/documents/:id/versions/:n/file", access.OpenVersion, s.content},
	}
}
