package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// shells are the supported shells, with the functions that write their scripts.
var shells = map[string]func(*strings.Builder, completion){"bash": bash, "zsh": zsh, "fish": fish}

// withSubcommands is a command with subcommands.
type withSubcommands interface{ Subcommands() []string }

// completion describes a command to a shell.
type completion struct {
	name        string
	flags       []completed
	subcommands []string
}

// completed describes a flag.
type completed struct {
	name, help string
	takes      string   // a value's placeholder; "" if the flag takes none
	words      []string // allowed values, if limited
	repeated   bool
}

// Kinds of values that shells can complete.
func (c completed) isFolder() bool { return strings.Contains(c.takes, "DIR") }
func (c completed) isFile() bool {
	return strings.Contains(c.takes, "FILE") || strings.Contains(c.takes, "CSV")
}

// wantedShell finds --completion in a command line.
func wantedShell(args []string) (shell string, asked bool) {
	for i, arg := range args {
		if shell, found := strings.CutPrefix(arg, "--completion="); found {
			return shell, true
		}
		if arg == "--completion" {
			return strings.Join(args[i+1:min(i+2, len(args))], ""), true
		}
	}
	return "", false
}

// script returns a script that completes a command's flags and their values.
func script(shell string, model *kong.Application, command Command) (string, error) {
	write, found := shells[shell]
	if !found {
		return "", Usagef("--completion %q: want bash, zsh or fish", shell)
	}
	c := completion{name: model.Name}
	if s, ok := command.(withSubcommands); ok {
		c.subcommands = s.Subcommands()
	}
	for _, f := range model.Flags {
		if f.Hidden {
			continue
		}
		help, _, _ := strings.Cut(f.Help, "\n")
		one := completed{name: f.Name, help: help, repeated: f.IsSlice()}
		if f.Enum != "" {
			one.words = strings.Split(f.Enum, ",")
		}
		if !f.IsBool() {
			one.takes = f.FormatPlaceHolder()
		}
		c.flags = append(c.flags, one)
		if f.Tag.Negatable != "" {
			c.flags = append(c.flags, completed{name: "no-" + f.Name, help: "The opposite of --" + f.Name + "."})
		}
	}
	var b strings.Builder
	write(&b, c)
	return b.String(), nil
}

// function returns the name of the shell function.
func (c completion) function() string {
	return "_trident_" + strings.NewReplacer(" ", "_", "-", "_").Replace(c.name)
}

func (c completion) words() string {
	var words []string
	for _, f := range c.flags {
		words = append(words, "--"+f.name)
	}
	return strings.Join(words, " ")
}

// with joins the flags of one kind, for a case in bash.
func (c completion) with(is func(completed) bool) string {
	var names []string
	for _, f := range c.flags {
		if is(f) {
			names = append(names, "--"+f.name)
		}
	}
	return strings.Join(names, "|")
}

func bash(b *strings.Builder, c completion) {
	fmt.Fprintf(b, `%s() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  case $before in
`, c.function())
	for _, f := range c.flags {
		if f.words != nil {
			fmt.Fprintf(b, "    --%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); return ;;\n", f.name, strings.Join(f.words, " "))
		}
	}
	if names := c.with(completed.isFolder); names != "" {
		fmt.Fprintf(b, "    %s) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return ;;\n", names)
	}
	if names := c.with(func(f completed) bool { return f.isFile() && !f.isFolder() }); names != "" {
		fmt.Fprintf(b, "    %s) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n", names)
	}
	if names := c.with(func(f completed) bool { return f.takes != "" && f.words == nil && !f.isFolder() && !f.isFile() }); names != "" {
		fmt.Fprintf(b, "    %s) compopt +o default; return ;;\n", names)
	}
	fmt.Fprintf(b, "  esac\n  if [[ $current == -* ]]; then\n    mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\")\n", c.words())
	if len(c.subcommands) > 0 {
		fmt.Fprintf(b, "  elif ((COMP_CWORD == 1)); then\n    mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\")\n", strings.Join(c.subcommands, " "))
	}
	fmt.Fprintf(b, "  fi\n}\ncomplete -o default -F %s %s\n", c.function(), c.name)
}

func zsh(b *strings.Builder, c completion) {
	escape := strings.NewReplacer(`\`, `\\`, `'`, `'\''`, `[`, `\[`, `]`, `\]`, `:`, `\:`)
	fmt.Fprintf(b, "#compdef %s\n%s() {\n  _arguments", c.name, c.function())
	for _, f := range c.flags {
		many := ""
		if f.repeated {
			many = "*"
		}
		fmt.Fprintf(b, " \\\n    '%s--%s", many, f.name)
		if f.takes != "" {
			b.WriteByte('=')
		}
		fmt.Fprintf(b, "[%s]", escape.Replace(f.help))
		switch {
		case f.words != nil:
			fmt.Fprintf(b, ":%s:(%s)", f.name, strings.Join(f.words, " "))
		case f.isFolder():
			fmt.Fprintf(b, ":%s:_files -/", f.name)
		case f.isFile():
			fmt.Fprintf(b, ":%s:_files", f.name)
		case f.takes != "":
			fmt.Fprintf(b, ":%s: ", f.name)
		}
		b.WriteByte('\'')
	}
	if len(c.subcommands) > 0 {
		fmt.Fprintf(b, " \\\n    '1::command:(%s)'", strings.Join(c.subcommands, " "))
	}
	fmt.Fprintf(b, " \\\n    '*:file:_files'\n}\n(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\ncompdef %s %s\n", c.function(), c.name)
}

func fish(b *strings.Builder, c completion) {
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for _, f := range c.flags {
		fmt.Fprintf(b, "complete -c %s -l %s -d '%s'", c.name, f.name, escape.Replace(f.help))
		switch {
		case f.words != nil:
			fmt.Fprintf(b, " -x -a '%s'", strings.Join(f.words, " "))
		case f.isFolder():
			b.WriteString(" -x -a '(__fish_complete_directories)'")
		case f.isFile():
			b.WriteString(" -r -F")
		case f.takes != "":
			b.WriteString(" -x")
		}
		b.WriteByte('\n')
	}
	for _, word := range slices.Sorted(slices.Values(c.subcommands)) {
		fmt.Fprintf(b, "complete -c %s -n __fish_is_first_arg -a %s\n", c.name, word)
	}
}
