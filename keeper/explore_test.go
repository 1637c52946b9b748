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
			lockless: doubleUse, locked: 0, fenced: 0, byGeneration: 0,
		}},
		{"a lease runs out", happens{lapse: 1}, map[design]faults{
			lockless: doubleUse, locked: unavoidable, fenced: unavoidable | thrownAway, byGeneration: unavoidable,
		}},
		{"a crash", happens{crash: 1}, map[design]faults{
			lockless: doubleUse, locked: unavoidable, fenced: unavoidable, byGeneration: unavoidable,
		}},
		{"a login", happens{login: 1}, map[design]faults{
			lockless: loginLost, locked: loginLost, fenced: 0, byGeneration: 0,
		}},
		{"a logout", happens{logout: 1}, map[design]faults{
			lockless: logoutUndone, locked: logoutUndone, fenced: 0, byGeneration: 0,
		}},
		{"all of them", happens{1, 1, 1, 1}, map[design]faults{
			lockless: doubleUse | loginLost | logoutUndone, locked: unavoidable | loginLost | logoutUndone,
			fenced: unavoidable | thrownAway, byGeneration: unavoidable,
		}},
	}
	for _, tt := range tests {
		for _, provider := range []strictness{strict, mild, lenient} {
			for processes := int8(2); processes <= maxProcesses; processes++ {
				for d, want := range tt.want {
					t.Run(fmt.Sprintf("%s/%s provider/%d processes/%s", tt.name, provider, processes, d), func(t *testing.T) {
						t.Parallel()
						first := moment{
							row:    modelRow{there: true, holder: nobody},
							logins: 1,
							login:  tt.login, logout: tt.logout, lapse: tt.lapse, crash: tt.crash,
						}
						for i := processes; i < maxProcesses; i++ {
							first.processes[i].at = done
						}
						m := &model{design: d, processes: processes, provider: provider}
						visited, found := m.explore(first)
						t.Logf("%d moments: %v", visited, found)
						if provider == lenient { // with it, every design may err less, and the last not at all
							want &^= unavoidable | doubleUse | thrownAway
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
