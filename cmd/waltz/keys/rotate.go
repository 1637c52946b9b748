package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/waltz-oauth/waltz/cmd/waltz/internal/sealing"
	"github.com/waltz-oauth/waltz/cmd/waltz/internal/storages"
	"github.com/waltz-oauth/waltz/storage/seal"
)

func rotateCommand() *cli.Command {
	return &cli.Command{
		Name:  "rotate",
		Usage: "seal every token anew that the key which seals has not sealed",
		Description: "The application may go on meanwhile. Ctrl-C stops it, and started again it goes on where it was. A\n" +
			"token that does not open is left alone, counted, and makes the exit status 1.",
		Flags: append(sealing.Flags(true),
			&cli.StringFlag{Name: "storage", Required: true, Usage: "`URL` of where the tokens are: " + storages.Usage},
			&cli.BoolFlag{Name: "accept-plain", Usage: "seal tokens too that are not sealed yet"},
		),
		Action: runRotate,
	}
}

func runRotate(ctx context.Context, c *cli.Command) (err error) {
	if c.Args().Present() {
		return fmt.Errorf("rotate takes no arguments, only flags: %q", c.Args().First())
	}
	f, err := sealing.File(c)
	if err != nil {
		return err
	}
	s, closeStorage, err := sealing.Open(ctx, f, c.String("storage"), c.Bool("accept-plain"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStorage()) }()
	bar := newProgress(c.Root().ErrWriter)
	report, err := s.Rotate(ctx, func(r seal.Report) { bar.show(r.Seen, r.Total) })
	bar.end()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped after %d of %d tokens, of which %d were sealed anew: run it again to go on", report.Seen, report.Total, report.Sealed)
	}
	if err == nil || report.Failed > 0 {
		fmt.Fprintf(c.Root().Writer, "%d tokens: %d sealed anew, %d left, since they do not open\n", report.Seen, report.Sealed, report.Failed)
	}
	return err
}

// progress says how far long work is: in one line that changes, on a terminal, and elsewhere in a line
// every few seconds.
type progress struct {
	w        io.Writer
	terminal bool
	every    time.Duration
	last     time.Time
	open     bool // the line has no end yet
}

func newProgress(w io.Writer) *progress {
	const often, seldom = 100 * time.Millisecond, 5 * time.Second
	p := &progress{w: w, every: seldom, last: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal, p.every = true, often
		}
	}
	return p
}

func (p *progress) show(done, all int) {
	if time.Since(p.last) < p.every && done < all || all == 0 {
		return
	}
	p.last = time.Now()
	const width = 30
	switch full := min(width, width*done/all); {
	case p.terminal:
		fmt.Fprintf(p.w, "\r[%-*s] %d of %d", width, bars[:full], done, all)
		p.open = true
	case done < all:
		fmt.Fprintf(p.w, "%d of %d\n", done, all)
	}
}

const bars = "##############################"

func (p *progress) end() {
	if p.open {
		fmt.Fprintln(p.w)
	}
}
