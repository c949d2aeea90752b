package portal

// Route is a line of the route table, for the tests outside.
type Route struct{ Method, Path, Action string }

// Routes is the route table.
func Routes() []Route {
	var list []Route
	for _, r := range (&server{}).routes() {
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
