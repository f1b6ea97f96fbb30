package pkg_test

import (
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module   = "github.com/trident-nlp/trident/"
	exported = module + "pkg/"
	internal = module + "internal/"
)

// Another module can't import internal/. So a type from there that is used by an
// exported identifier of pkg/ needs an alias in pkg/, and signatures must use the alias,
// since that is what their documentation shows.
func TestCallersCanNameTypes(t *testing.T) {
	packages := load(t, "./...")
	c := checker{aliased: map[*types.TypeName]bool{}, seen: map[string]bool{}, done: map[types.Type]bool{}}
	for _, p := range packages {
		for _, name := range p.Scope().Names() {
			if o, ok := p.Scope().Lookup(name).(*types.TypeName); ok && o.IsAlias() && o.Exported() {
				if named, ok := types.Unalias(o.Type()).(*types.Named); ok {
					c.aliased[named.Obj()] = true
				}
			}
		}
	}
	for _, p := range packages {
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() {
				c.object(p.Name()+"."+name, o)
			}
		}
	}
	if len(c.aliased) == 0 || len(c.done) < 100 {
		t.Fatalf("%d aliases and %d types: something isn't looked at", len(c.aliased), len(c.done))
	}
	for _, found := range c.found {
		t.Error(found)
	}
}

// checker finds types of internal/ that other modules can't name.
type checker struct {
	aliased map[*types.TypeName]bool // types that an exported alias in pkg/ names
	seen    map[string]bool
	done    map[types.Type]bool
	found   []string
}

// object checks the types used by an exported identifier.
func (c *checker) object(where string, o types.Object) {
	if o, ok := o.(*types.TypeName); ok {
		if o.IsAlias() {
			c.members(where, types.Unalias(o.Type()))
			return
		}
		c.members(where, o.Type())
		return
	}
	c.shows(where, o.Type(), true)
}

// members checks the exported fields and methods of a type, and its components.
func (c *checker) members(where string, t types.Type) {
	if c.done[t] {
		return
	}
	c.done[t] = true
	named, ok := t.(*types.Named)
	if !ok {
		c.shows(where, t, true)
		return
	}
	// Aliases can't be used where the type itself is declared.
	spelled := named.Obj().Pkg() != nil && !strings.HasPrefix(named.Obj().Pkg().Path(), internal)
	c.shows(where, named.Underlying(), spelled)
	for m := range named.Methods() {
		if m.Exported() {
			c.shows(where+"."+m.Name(), m.Type(), spelled)
		}
	}
}

// shows checks a type as written in a signature, field or variable. spelled requires
// that an alias is used, not only that it exists.
func (c *checker) shows(where string, t types.Type, spelled bool) {
	switch t := t.(type) {
	case *types.Alias:
		if named, ok := types.Unalias(t).(*types.Named); !ok || !inside(named.Obj()) {
			c.shows(where, t.Rhs(), spelled)
		} else if !strings.HasPrefix(t.Obj().Pkg().Path(), exported) {
			c.shows(where, named, spelled)
		}
	case *types.Named:
		if inside(t.Obj()) && (spelled || !c.aliased[t.Obj()]) {
			c.find(where, t.Obj())
		}
		for argument := range t.TypeArgs().Types() {
			c.shows(where, argument, spelled)
		}
	case *types.Signature:
		c.shows(where, t.Params(), spelled)
		c.shows(where, t.Results(), spelled)
		for parameter := range t.TypeParams().TypeParams() {
			c.shows(where, parameter.Constraint(), spelled)
		}
	case *types.Tuple:
		for v := range t.Variables() {
			c.shows(where, v.Type(), spelled)
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				c.shows(where+"."+f.Name(), f.Type(), spelled)
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				c.shows(where+"."+m.Name(), m.Type(), spelled)
			}
		}
	case *types.Map:
		c.shows(where, t.Key(), spelled)
		c.shows(where, t.Elem(), spelled)
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		c.shows(where, t.Elem(), spelled)
	}
}

func inside(o *types.TypeName) bool {
	return o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), internal)
}

func (c *checker) find(where string, o *types.TypeName) {
	found := fmt.Sprintf("%s shows %s.%s: give it an alias in pkg/, and use that", where, o.Pkg().Name(), o.Name())
	if !c.seen[found] {
		c.seen[found] = true
		c.found = append(c.found, found)
	}
}

// load reads the exported identifiers of packages that match a pattern, from the
// compiler's output in the build cache.
func load(t *testing.T, pattern string) []*types.Package {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", pattern).Output()
	if err != nil {
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			t.Fatalf("go list: %v: %s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, _ := strings.Cut(strings.TrimSpace(line), " "); file != "" {
			files[path] = file
		}
	}
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	var packages []*types.Package
	for path := range files {
		if !strings.HasPrefix(path, exported) {
			continue
		}
		p, err := compiled.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	slices.SortFunc(packages, func(a, b *types.Package) int { return strings.Compare(a.Path(), b.Path()) })
	return packages
}
