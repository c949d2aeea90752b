package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/config"
	"custodian/internal/fault"
)

func (p program) auditVerb() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Prove that nobody changed the footprints: export, verify, receipts",
		Long: `Prove that nobody changed the footprints.

Every footprint has a place in one tree, and once a minute the whole tree is signed: a checkpoint. Whoever keeps a checkpoint
and the public key can check, with no access to this installation, that not one of the footprints it covers was changed, removed,
moved or added since. docs/design/audit-tree.md tells how, and docs/verify/verify.py does the same without this program.`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.auditKey(), p.auditCheckpoint(), p.auditExport(), p.auditVerify(), p.auditReceipt(), p.auditCheckReceipt(), p.auditAccept())
	return c
}

// words says how many words a verb takes, and what they are.
func words(what ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(what):
			return usage{fmt.Errorf("%s is missing", what[len(args)])}
		case len(args) > len(what):
			return usage{fmt.Errorf("%q is one word too many", args[len(what)])}
		}
		return nil
	}
}

// onTree runs a verb that needs the database and the keys.
func (p program) onTree(do func(context.Context, *audit.Tree, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		s, err := p.settings(c)
		if err != nil {
			return err
		}
		ctx, stop := p.untilSignal(c.Context())
		defer stop()
		err = p.withTree(ctx, s, func(t *audit.Tree) error { return do(ctx, t, args) })
		if f, ok := fault.Of(err); ok {
			return errors.New(f.Public)
		}
		return err
	}
}

func (p program) auditKey() *cobra.Command {
	return &cobra.Command{Use: "key", Short: "Print the public key that checks what was signed", Args: words(),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			return p.printKey(s)
		}}
}

func (p program) printKey(s *config.Settings) error {
	if err := openDataDir(s); err != nil {
		return err
	}
	signer, err := tree.LoadSigner(s.CheckpointKeyFile)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, signer.Public())
	return err
}

func (p program) auditCheckpoint() *cobra.Command {
	return &cobra.Command{Use: "checkpoint", Short: "Print the newest signed checkpoint, for somebody outside to keep", Args: words(),
		RunE: p.onTree(func(ctx context.Context, t *audit.Tree, _ []string) error {
			note, err := t.Newest(ctx)
			if err != nil {
				return err
			}
			_, err = p.out.Write(note)
			return err
		})}
}

func (p program) auditExport() *cobra.Command {
	return &cobra.Command{Use: "export DIRECTORY", Short: "Write all footprints and checkpoints into a new directory, to be verified anywhere", Args: words("the directory to write to"),
		Long: `Write all footprints as they stand now, the tree and every signed checkpoint into a new directory.

It holds ids, times and what was done. Names and free text are not in it: they stand as codes that tell nothing by themselves.
It can be made while the portal runs. What it makes is checked by custodian audit verify, or by docs/verify/verify.py.`,
		RunE: p.onTree(func(ctx context.Context, t *audit.Tree, args []string) error {
			x, err := t.Export(ctx, args[0], newBar(p.err, "exported").told)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Wrote %d footprints, %d that wait for their place, and %d checkpoints to %s.\n", x.Leaves, x.Waiting, x.Checkpoints, args[0])
			if x.OnlyOutside > 0 {
				fmt.Fprintf(p.out, "%d of the checkpoints stand in the store and not, or not as they were signed, in the database.\n", x.OnlyOutside)
			}
			if x.Unopened > 0 {
				fmt.Fprintf(p.out, "The words of %d footprints cannot be checked any more, because the key of their record is gone. Everything else about them can.\n", x.Unopened)
			}
			_, err = fmt.Fprintf(p.out, "Check it on any computer:\n\n  custodian audit verify %s --key '%s' --checkpoint FILE\n\nFILE is a checkpoint that somebody outside has kept (custodian audit checkpoint prints the newest).\n", args[0], t.Public())
			return err
		})}
}

func (p program) auditVerify() *cobra.Command {
	var key, certificates, witness string
	var held []string
	c := &cobra.Command{Use: "verify DIRECTORY --key KEY [--checkpoint FILE]", Short: "Check an export, with no database and no network", Args: words("the directory of the export"),
		Long: `Check an export: that every footprint covered by a checkpoint is as it was signed, and if not, where it is not.

Take the key, and a checkpoint for --checkpoint, from where you kept them, not from the export: only then is it noticed that the end
was cut off, or that all of it was made anew. It exits 0 when all is whole, 1 when something was found, 2 when it could not be checked.`,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := p.untilSignal(c.Context())
			defer stop()
			return p.verify(ctx, verifying{args[0], key, held, certificates, witness})
		}}
	c.Flags().StringVar(&key, "key", "", "the public key (custodian audit key), or a file that holds it")
	c.Flags().StringArrayVar(&held, "checkpoint", nil, "a file with a checkpoint that you have kept; may be given more than once")
	c.Flags().StringVar(&certificates, "timestamp-certificates", "", "check time-stamps as well: a PEM file with the certificates of the time-stamp service")
	c.Flags().StringVar(&witness, "witness", "", "check a witness's signatures as well: its public key")
	return c
}

// verifying is what a check was asked with.
type verifying struct {
	dir, key              string
	held                  []string
	certificates, witness string
}

func (p program) verify(ctx context.Context, v verifying) error {
	key, err := publicKey(v.key)
	if err != nil {
		return err
	}
	var held [][]byte
	for _, name := range v.held {
		note, err := os.ReadFile(name)
		if err != nil {
			return usage{err}
		}
		held = append(held, note)
	}
	r, err := tree.Verify(ctx, v.dir, key, held, newBar(p.err, "read").told)
	if err != nil {
		return usage{err}
	}
	for _, line := range r.Words {
		fmt.Fprintln(p.out, line)
	}
	whole := r.Whole()
	if v.certificates != "" {
		whole = p.verifyStamps(v) && whole
	}
	if v.witness != "" {
		n, widest, err := tree.CheckWitness(v.dir, v.witness)
		if err != nil {
			return usage{err}
		}
		fmt.Fprintf(p.out, "The witness signed %d checkpoints; the widest of them covers %d footprints.\n", n, widest.Size)
		whole = whole && n > 0
	}
	if len(held) == 0 {
		fmt.Fprintln(p.out, "No checkpoint was given that was kept elsewhere. Whether the end was cut off, or all of it made anew with the key, this check cannot tell.")
	}
	if !whole {
		return errTold
	}
	return nil
}

// verifyStamps says what the time-stamps prove.
func (p program) verifyStamps(v verifying) (good bool) {
	text, err := os.ReadFile(v.certificates)
	var s tree.Stamped
	if err == nil {
		s, err = tree.CheckStamps(v.dir, text)
	}
	if err != nil {
		fmt.Fprintf(p.out, "The time-stamps could not be checked: %v\n", err)
		return false
	}
	fmt.Fprintf(p.out, "%d checkpoints are time-stamped, the newest on %s.\n", s.Good, s.Newest.UTC().Format("2 January 2006 15:04:05 UTC"))
	for _, bad := range s.Bad {
		fmt.Fprintf(p.out, "bad time-stamp: %s\n", bad)
	}
	return s.Good > 0 && len(s.Bad) == 0
}

// publicKey takes a key, or the name of a file that holds one.
func publicKey(given string) (string, error) {
	if given == "" {
		return "", usage{errors.New("--key is missing: the public key, which custodian audit key prints on the computer that the export came from")}
	}
	if text, err := os.ReadFile(given); err == nil {
		return firstLine(text), nil
	}
	return given, nil
}

func firstLine(text []byte) string {
	for i, c := range text {
		if c == '\n' || c == '\r' {
			return string(text[:i])
		}
	}
	return string(text)
}

func (p program) auditReceipt() *cobra.Command {
	var withWords bool
	c := &cobra.Command{Use: "receipt EVENT", Short: "Print the proof that one footprint, named by its number, is in the tree", Args: words("the number of the footprint"),
		RunE: func(c *cobra.Command, args []string) error {
			event, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usage{fmt.Errorf("%q is not the number of a footprint", args[0])}
			}
			return p.onTree(func(ctx context.Context, t *audit.Tree, _ []string) error {
				r, err := t.Receipt(ctx, event, withWords)
				if err != nil {
					return err
				}
				_, err = p.out.Write(r.Bytes())
				return err
			})(c, args)
		}}
	c.Flags().BoolVar(&withWords, "words", false, "with the names and the free text of this footprint, in the clear")
	return c
}

func (p program) auditCheckReceipt() *cobra.Command {
	var key string
	c := &cobra.Command{Use: "check-receipt FILE --key KEY", Short: "Check a receipt, with no database and no network (- reads it from what is sent in)", Args: words("the file with the receipt"),
		RunE: func(c *cobra.Command, args []string) error {
			public, err := publicKey(key)
			if err != nil {
				return err
			}
			return p.checkReceipt(args[0], public)
		}}
	c.Flags().StringVar(&key, "key", "", "the public key (custodian audit key), or a file that holds it")
	return c
}

// longestReceipt bounds what is read as one.
const longestReceipt = 1 << 20

func (p program) checkReceipt(name, public string) error {
	in := io.ReadCloser(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usage{err}
		}
		in = f
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, longestReceipt))
	if err != nil {
		return usage{err}
	}
	r, err := tree.ParseReceipt(text)
	if err != nil {
		return err
	}
	cp, err := r.Check(public)
	if errors.Is(err, tree.ErrKey) {
		return usage{err}
	}
	if err != nil {
		return err
	}
	for _, pair := range r.Told() {
		fmt.Fprintf(p.out, "%-16s %s\n", pair[0], pair[1])
	}
	_, err = fmt.Fprintf(p.out, "PROVEN. This footprint stands at place %d of the tree of %d that was signed on %s.\n", r.Place, cp.Size, cp.At.UTC().Format("2 January 2006 15:04:05 UTC"))
	return err
}

func (p program) auditAccept() *cobra.Command {
	var why string
	c := &cobra.Command{Use: "accept --why WORDS", Short: "Let signing go on after a backup was restored that lacks what was signed last", Args: words(),
		Long: `Let signing go on from what is in the database now, although it does not continue what was signed before.

Do this after an older backup was restored, and only then. Until it is done nothing is signed, and the log says so every minute. It
begins a new epoch, which every later checkpoint names. It hides nothing: whoever verifies with an earlier checkpoint is still told what
is gone. The reason is kept for ever and is a footprint.`,
		RunE: p.onTree(func(ctx context.Context, t *audit.Tree, _ []string) error {
			if err := t.Accept(ctx, why); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.out, "A new epoch has begun. The next checkpoint is signed within a minute while custodian serve runs.")
			return err
		})}
	c.Flags().StringVar(&why, "why", "", "which backup was restored, when, and by whom")
	return c
}
