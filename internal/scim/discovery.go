package scim

import (
	"encoding/json"
	"net/url"

	"custodian/internal/fault"
)

// attribute is one attribute of a schema (RFC 7643, 7).
type attribute struct {
	Name          string      `json:"name"`
	Type          string      `json:"type"`
	MultiValued   bool        `json:"multiValued"`
	Description   string      `json:"description"`
	Required      bool        `json:"required"`
	CaseExact     bool        `json:"caseExact"`
	Mutability    string      `json:"mutability"`
	Returned      string      `json:"returned"`
	Uniqueness    string      `json:"uniqueness"`
	SubAttributes []attribute `json:"subAttributes,omitempty"`
	References    []string    `json:"referenceTypes,omitempty"`
}

func attr(name, kind, description string, change ...func(*attribute)) attribute {
	a := attribute{Name: name, Type: kind, Description: description, Mutability: "readWrite", Returned: "default", Uniqueness: "none"}
	for _, c := range change {
		c(&a)
	}
	return a
}

func required(a *attribute)  { a.Required = true }
func many(a *attribute)      { a.MultiValued = true }
func readOnly(a *attribute)  { a.Mutability = "readOnly" }
func immutable(a *attribute) { a.Mutability = "immutable" }
func unique(a *attribute)    { a.Uniqueness = "server" }
func exact(a *attribute)     { a.CaseExact = true }

func of(parts ...attribute) func(*attribute) {
	return func(a *attribute) { a.SubAttributes = parts }
}

func refersTo(kind string) func(*attribute) {
	return func(a *attribute) { a.References = []string{kind}; a.CaseExact = true }
}

// schemas are those of the two resources: what is not in them is not kept.
func (s *Service) schemas() []map[string]any {
	subject := func(name string) []func(*attribute) {
		if name == s.opt.Subject {
			return []func(*attribute){required, unique, immutable}
		}
		return nil
	}
	userName := append([]func(*attribute){required, unique}, subject(ByUserName)...)
	user := []attribute{
		attr("userName", "string", "What the person signs in with at the directory.", userName...),
		attr("externalId", "string", "What the directory calls the person.", append(subject(ByExternalID), exact)...),
		attr("displayName", "string", "The name that colleagues see, taken when the person is new here."),
		attr("name", "complex", "The parts of the name.", of(
			attr("formatted", "string", "The whole name.", readOnly), attr("givenName", "string", "The given name."), attr("familyName", "string", "The family name."))),
		attr("title", "string", "The post."),
		attr("emails", "complex", "One address, for work.", many, of(
			attr("value", "string", "The address."), attr("type", "string", "Always work."), attr("primary", "boolean", "Always true."))),
		attr("active", "boolean", "Whether the person works here. Who does not is out at once."),
		attr("groups", "complex", "The groups that the person is in.", many, readOnly, of(
			attr("value", "string", "The id of the group.", readOnly), attr("$ref", "reference", "Its address.", readOnly, refersTo("Group")), attr("display", "string", "Its name.", readOnly),
			attr("type", "string", "Always direct.", readOnly))),
	}
	group := []attribute{
		attr("displayName", "string", "The name, by which administrators let the group give a role.", required, unique),
		attr("externalId", "string", "What the directory calls the group. A role can be given by it as well.", exact),
		attr("members", "complex", "Who is in it: users, no groups.", many, of(
			attr("value", "string", "The id of the user.", immutable), attr("$ref", "reference", "The user's address.", immutable, refersTo("User")), attr("type", "string", "Always User.", immutable))),
	}
	schema := func(id, name string, attributes []attribute) map[string]any {
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": name, "attributes": attributes,
			"meta": map[string]any{"resourceType": "Schema", "location": s.Address() + "/Schemas/" + id}}
	}
	return []map[string]any{schema(userSchema, "User", user), schema(groupSchema, "Group", group)}
}

func (s *Service) resourceTypes() []map[string]any {
	kind := func(name, endpoint, schema string) map[string]any {
		return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": endpoint, "schema": schema,
			"meta": map[string]any{"resourceType": "ResourceType", "location": s.Address() + "/ResourceTypes/" + name}}
	}
	return []map[string]any{kind("User", "/Users", userSchema), kind("Group", "/Groups", groupSchema)}
}

// Config says what can be asked here (RFC 7643, 5).
func (s *Service) Config() ([]byte, error) {
	no := map[string]any{"supported": false}
	return json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   map[string]any{"supported": true}, "filter": map[string]any{"supported": true, "maxResults": mostPage},
		"bulk": map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0}, "changePassword": no, "sort": no, "etag": no,
		"authenticationSchemes": []map[string]any{{"type": "oauthbearertoken", "name": "Bearer token", "description": "A token that administrators make under Settings.",
			"specUri": "https://www.rfc-editor.org/info/rfc6750", "primary": true}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": s.Address() + "/ServiceProviderConfig"},
	})
}

// ResourceTypes answers which kinds of resource there are; of one where id is not "".
func (s *Service) ResourceTypes(id string) ([]byte, error) { return pick(s.resourceTypes(), id) }

// Schemas answers what is kept of the resources; of one where id is not "".
func (s *Service) Schemas(id string) ([]byte, error) { return pick(s.schemas(), id) }

func pick(all []map[string]any, id string) ([]byte, error) {
	if id == "" {
		q, err := ReadQuery(url.Values{})
		if err != nil {
			return nil, err
		}
		return q.listOf(len(all), all)
	}
	for _, one := range all {
		if one["id"] == id {
			return json.Marshal(one)
		}
	}
	return nil, fault.NotThere()
}
