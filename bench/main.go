// Command bench measures waltz beside what people would use instead, and beside the least code that does
// the same work, all in one run. It prints a table, and with -report writes it to a file, with charts.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	rounds := flag.Int("rounds", 10, "how often each side is measured; the median counts")
	batch := flag.Duration("batch", 50*time.Millisecond, "how long each of these takes")
	only := flag.String("only", "", "measure the rows whose names match this regular expression")
	report := flag.String("report", "", "directory to write report.md and its charts to")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if *rounds < 1 || *batch <= 0 || flag.NArg() > 0 {
		return fmt.Errorf("want at least one round, a time for a batch, and no arguments")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var all []result
	for _, r := range rows() {
		if !wanted.MatchString(r.name) {
			continue
		}
		res, err := r.measure(ctx, *rounds, *batch)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		fmt.Print(res)
		all = append(all, res)
	}
	if *report == "" {
		return nil
	}
	return write(*report, all, *rounds, *batch)
}

func rows() []row {
	return []row{clientRow(), danceRow(), cookieWriteRow(), cookieReadRow(), cacheRow(), jsonOutRow(), jsonInRow(), sqliteGetRow(), sqliteSetRow(), redisGetRow(), redisSetRow()}
}
