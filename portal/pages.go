package portal

import (
	"net/http"
	"slices"

	"custodian/internal/access"
)

// everyPage is every page: those of the site, and those of oversight.
func (s *server) everyPage() []route { return slices.Concat(s.site(), s.watching()) }

// site is every page but those of oversight, with the action it needs. What a page shows is decided
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
		{http.MethodPost, "/me/sessions/end", access.EndSession, s.endOthers},
		{http.MethodPost, "/people/:id/sessions/end", access.EndSessions, s.endSessionsOf},
		{http.MethodGet, "/me/tokens/new", access.MakeToken, s.newToken},
		{http.MethodPost, "/me/tokens/new", access.MakeToken, s.newToken},
		{http.MethodPost, "/me/tokens/:id/revoke", access.RevokeToken, s.endToken},

		{http.MethodGet, "/people", access.ViewPeople, s.people},
		{http.MethodGet, "/people/:id", access.ViewPerson, s.person},
		{http.MethodGet, "/people/:id/roles/give", access.GiveRole, s.giveRole},
		{http.MethodPost, "/people/:id/roles/give", access.GiveRole, s.giveRole},
		{http.MethodGet, "/people/:id/roles/:role/end", access.EndRole, s.endRole},
		{http.MethodPost, "/people/:id/roles/:role/end", access.EndRole, s.endRole},
		{http.MethodGet, "/settings", access.ViewSettings, s.settings},
		{http.MethodGet, "/settings/add", access.AddHome, s.addSetting},
		{http.MethodPost, "/settings/add", access.AddHome, s.addSetting},
		{http.MethodGet, "/settings/directory", access.ViewDirectory, s.ofDirectoryPage(s.directoryPage)},
		{http.MethodGet, "/settings/directory/tokens/new", access.MakeDirectoryToken, s.ofDirectoryPage(s.newDirectoryToken)},
		{http.MethodPost, "/settings/directory/tokens/new", access.MakeDirectoryToken, s.ofDirectoryPage(s.newDirectoryToken)},
		{http.MethodGet, "/settings/directory/tokens/:id/end", access.EndDirectoryToken, s.ofDirectoryPage(s.endDirectoryToken)},
		{http.MethodPost, "/settings/directory/tokens/:id/end", access.EndDirectoryToken, s.ofDirectoryPage(s.endDirectoryToken)},
		{http.MethodGet, "/settings/directory/stop", access.StopDirectory, s.ofDirectoryPage(s.stopDirectory)},
		{http.MethodPost, "/settings/directory/stop", access.StopDirectory, s.ofDirectoryPage(s.stopDirectory)},
		{http.MethodGet, "/sign-ins", access.ViewSignIns, s.ofService(s.signIns)},
		{http.MethodGet, "/sign-ins/map", access.MapGroup, s.ofService(s.mapGroup)},
		{http.MethodPost, "/sign-ins/map", access.MapGroup, s.ofService(s.mapGroup)},
		{http.MethodGet, "/sign-ins/mappings/:id/end", access.UnmapGroup, s.ofService(s.unmapGroup)},
		{http.MethodPost, "/sign-ins/mappings/:id/end", access.UnmapGroup, s.ofService(s.unmapGroup)},
		{http.MethodGet, "/sign-ins/:id/give", access.AddActor, s.ofService(s.welcome)},
		{http.MethodPost, "/sign-ins/:id/give", access.AddActor, s.ofService(s.welcome)},

		{http.MethodGet, "/oversight/checkpoints", access.ListCheckpoints, s.ofTree(s.checkpoints)},
		{http.MethodPost, "/oversight/checkpoints/check", access.CheckTree, s.ofTree(s.checkTree)},
		{http.MethodGet, "/oversight/checkpoints/key", access.ListCheckpoints, s.ofTree(s.checkpointKey)},
		{http.MethodGet, "/oversight/checkpoints/:id/file", access.ListCheckpoints, s.ofTree(s.checkpointFile)},

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

		{http.MethodGet, "/records/:id/safety", access.ViewSafety, s.safetyPage},
		{http.MethodGet, "/records/:id/safety/:topic", access.SaySafety, s.saySafety},
		{http.MethodPost, "/records/:id/safety/:topic", access.SaySafety, s.saySafety},
		{http.MethodGet, "/records/:id/restricted", access.ViewLodgings, s.restrictedPage},
		{http.MethodGet, "/documents/:id/section", access.MoveSection, s.moveSection},
		{http.MethodPost, "/documents/:id/section", access.MoveSection, s.moveSection},
		{http.MethodGet, "/documents/:id/lodge", access.Lodge, s.lodgePage},
		{http.MethodPost, "/documents/:id/lodge", access.Lodge, s.lodgePage},
		{http.MethodGet, "/lodgings/:id", access.ViewLodgings, s.lodgingPage},
		{http.MethodGet, "/lodgings/:id/keep", access.KeepLodging, s.deciding(keeping)},
		{http.MethodPost, "/lodgings/:id/keep", access.KeepLodging, s.deciding(keeping)},
		{http.MethodGet, "/lodgings/:id/share", access.ShareLodging, s.deciding(sharing)},
		{http.MethodPost, "/lodgings/:id/share", access.ShareLodging, s.deciding(sharing)},
		{http.MethodGet, "/lodgings/:id/move-out", access.EndLodging, s.deciding(movingOut)},
		{http.MethodPost, "/lodgings/:id/move-out", access.EndLodging, s.deciding(movingOut)},
		{http.MethodGet, "/lodgings/:id/withdraw", access.EndLodging, s.deciding(takingBack)},
		{http.MethodPost, "/lodgings/:id/withdraw", access.EndLodging, s.deciding(takingBack)},
		{http.MethodGet, "/lodgings/:id/originator", access.AskOriginator, s.deciding(asking)},
		{http.MethodPost, "/lodgings/:id/originator", access.AskOriginator, s.deciding(asking)},
		{http.MethodGet, "/oversight/restricted", access.ListLodgings, s.lodgingsPage},
	}
}
