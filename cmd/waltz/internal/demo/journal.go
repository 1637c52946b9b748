package demo

import (
	"slices"
	"sync"
	"time"
)

// journal remembers what happened to each user lately, for the page.
type journal struct {
	mu     sync.Mutex
	events map[string][]event
	answer map[string]string // the API's last
}

type event struct {
	At   time.Time
	Text string
}

const mostEvents = 8

func (j *journal) add(user, text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.events == nil {
		j.events = make(map[string][]event)
	}
	all := append(j.events[user], event{time.Now(), text})
	j.events[user] = all[max(0, len(all)-mostEvents):]
}

func (j *journal) setAnswer(user, text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.answer == nil {
		j.answer = make(map[string]string)
	}
	j.answer[user] = text
}

// of returns user's events, latest first, and the API's last answer.
func (j *journal) of(user string) ([]event, string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := slices.Clone(j.events[user])
	slices.Reverse(events)
	return events, j.answer[user]
}
