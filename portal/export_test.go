package portal

import (
	"time"

	"custodian/internal/access"
)

// Route is a line of the route table, for the tests outside.
type Route struct {
	Method, Path, Action string
	Act                  access.Action
}

// Routes is the route table of what programs ask.
func Routes() []Route { return table((&server{}).routes()) }

// DirectoryRoutes is the route table of directory services.
func DirectoryRoutes() []Route { return table((&server{}).directory()) }

// PageRoutes is the route table of the pages.
func PageRoutes() []Route { return table((&server{}).everyPage()) }

func table(routes []route) []Route {
	var list []Route
	for _, r := range routes {
		list = append(list, Route{r.method, r.path, r.action.Name, r.action})
	}
	return list
}

// Description is the embedded OpenAPI document.
func Description() []byte { return openapi }

// ReadTime reads a time of day; LondonTime puts it on a day.
var (
	ReadTime   = readTime
	LondonTime = londonTime
)

// MostAsked is how many requests a directory may send in a minute.
const MostAsked = mostAsked

// Paces counts what directories ask.
type Paces struct{ *paces }

// NewPaces counts from nothing.
func NewPaces() Paces { return Paces{&paces{}} }

// Due counts a request, and tells how long to wait.
func (p Paces) Due(provider int64, now time.Time) time.Duration { return p.due(provider, now) }
