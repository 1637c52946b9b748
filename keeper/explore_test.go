package keeper_test

import (
	"fmt"
	"testing"
)

func TestModel(t *testing.T) {
	type happens struct{ login, logout, lapse, crash int8 }
	tests := []struct {
		name string
		happens
		want map[design]faults // at least; of byGeneration exactly
	}{
		{"nothing else", happens{}, map[design]faults{
			lockless: doubleUse, locked: 0, fenced: 0, byKey: 0, byGeneration: 0,
		}},
		{"a lease runs out", happens{lapse: 1}, map[design]faults{
			lockless: doubleUse, locked: unavoidable | deleted, fenced: unavoidable | thrownAway | unusable,
			byKey: unavoidable | markedLive, byGeneration: unavoidable,
		}},
		{"a crash", happens{crash: 1}, map[design]faults{
			lockless: doubleUse, locked: unavoidable, fenced: unavoidable, byKey: unavoidable, byGeneration: unavoidable,
		}},
		{"a login", happens{login: 1}, map[design]faults{
			lockless: loginLost, locked: loginLost, fenced: 0, byKey: 0, byGeneration: 0,
		}},
		{"a logout", happens{logout: 1}, map[design]faults{
			lockless: logoutUndone, locked: logoutUndone, fenced: 0, byKey: 0, byGeneration: 0,
		}},
		{"all of them", happens{1, 1, 1, 1}, map[design]faults{
			lockless: doubleUse | loginLost | logoutUndone | deleted, locked: unavoidable | loginLost | logoutUndone | deleted,
			fenced: unavoidable | thrownAway | unusable, byKey: unavoidable | markedLive, byGeneration: unavoidable,
		}},
	}
	for _, tt := range tests {
		for _, provider := range []strictness{strict, mild, lenient} {
			for processes := int8(2); processes <= maxProcesses; processes++ {
				for d, want := range tt.want {
					t.Run(fmt.Sprintf("%s/%s provider/%d processes/%s", tt.name, provider, processes, d), func(t *testing.T) {
						t.Parallel()
						m := &model{design: d, processes: processes, provider: provider}
						first := m.first()
						first.login, first.logout, first.lapse, first.crash = tt.login, tt.logout, tt.lapse, tt.crash
						visited, found := m.explore(first)
						t.Logf("%d moments: %v", visited, found)
						switch provider {
						case lenient: // refuses nothing here, and so lets every design err less, and the last not at all
							want &= loginLost | logoutUndone
						case strict: // ends what else would be live
							want &^= deleted | markedLive
						}
						if found&want != want {
							t.Errorf("found %q, and not %q: the model is blind", found, want&^found)
						}
						if d == byGeneration && found != want {
							t.Errorf("found %q", found&^want)
						}
					})
				}
			}
		}
	}
}
