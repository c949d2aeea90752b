package portal

// Route is a line of the route table, for the tests outside.
type Route struct{ Method, Path, Action string }

// Routes is the route table of what programs ask.
func Routes() []Route { return table((&server{}).routes()) }

// PageRoutes is the route table of the pages.
func PageRoutes() []Route { return table(append((&server{}).site(), (&server{}).outsideSite()...)) }

func table(routes []route) []Route {
	var list []Route
	for _, r := range routes {
		list = append(list, Route{r.method, r.path, r.action.Name})
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
