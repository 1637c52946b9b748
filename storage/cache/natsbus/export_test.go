package natsbus

import "time"

// Suspect has the bus try a connection after a silence of d.
func (b *Bus) Suspect(d time.Duration) { b.silence = d }
