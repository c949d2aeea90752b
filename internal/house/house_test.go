package house

import (
	"os"
	"slices"
	"testing"
)

// rule looks at the whole tree and says, in sentences, what is wrong.
type rule struct {
	name string
	look func(*tree) []string
}

// rules are all of them. mutations_test.go sees each one fail.
func rules() []rule {
	return []rule{
		{"floors", floorRule},
		{"neighbours", neighbourRule},
		{"doors", doorRule},
		{"names", nameRule},
		{"comments", commentRule},
		{"start", startRule},
		{"files", fileRule},
		{"functions", functionRule},
		{"templates", templateRule},
		{"makefile", makefileRule},
		{"write", writeRule},
		{"keep", keepRule},
		{"owners", ownerRule},
		{"routes", routeRule},
		{"escaping", escapingRule},
		{"migrations", migrationRule},
		{"schema", schemaRule},
		{"top", topRule},
		{"places", placeRule},
		{"dependencies", dependencyRule},
		{"holes", holeRule},
		{"packages", packageRule},
		{"commands", commandRule},
		{"links", linkRule},
		{"security", securityRule},
		{"cryptography", cryptoRule},
		{"secure", secureRule},
	}
}

func TestHouse(t *testing.T) {
	tr := read(t, os.DirFS("../.."))
	if len(tr.source) < 20 || tr.files["go.mod"] == nil {
		t.Fatal("this is not the whole tree")
	}
	if *add {
		addMigrations(t, tr)
	}
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			wrong := r.look(tr)
			slices.Sort(wrong)
			for _, w := range wrong {
				t.Error(w)
			}
		})
	}
}
