package enginetest

import (
	"fmt"
	"strings"
	"testing"
)

// StartRedisCluster starts a Redis Cluster of three servers without replicas. The URL of each names
// them all.
func StartRedisCluster(t testing.TB) []*Server {
	t.Helper()
	const slots, servers = 16384, 3
	var all []*Server
	for i := range servers {
		s, address := clustered(t)
		tell(t, s, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*slots/servers, (i+1)*slots/servers-1))
		tell(t, s, fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1))
		if all = append(all, s); i > 0 {
			tell(t, all[0], "CLUSTER MEET "+address)
		}
	}
	for i, s := range all {
		says(t, s, "CLUSTER INFO", "cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d\r", servers))
		s.URL = fmt.Sprintf("redis://%s?addr=%s&addr=%s", s.Addr, all[(i+1)%servers].Addr, all[(i+2)%servers].Addr)
	}
	return all
}

// StartRedisClusterReplicas starts a replica for each of primaries, which are of one Cluster. It takes the
// place of its primary a few seconds after that was killed.
func StartRedisClusterReplicas(t testing.TB, primaries ...*Server) []*Server {
	t.Helper()
	var all []*Server
	for range primaries {
		s, address := clustered(t)
		tell(t, primaries[0], "CLUSTER MEET "+address)
		all = append(all, s)
	}
	for i, s := range all {
		id, err := ask(t.Context(), primaries[i].Addr, "CLUSTER MYID")
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ = strings.Cut(strings.TrimSpace(id), "\r\n") // the first line is its length
		says(t, s, "CLUSTER NODES", id)
		tell(t, s, "CLUSTER REPLICATE "+id)
		s.URL = primaries[i].URL
	}
	for _, s := range all {
		says(t, s, "INFO replication", "master_link_status:up")
		says(t, s, "CLUSTER INFO", "cluster_state:ok")
	}
	return all
}

// clustered starts a server that may become part of a Cluster, and returns its address for the others.
func clustered(t testing.TB) (s *Server, address string) {
	t.Helper()
	_, bus := free(t)
	s = redis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000",
		"--cluster-replica-validity-factor", "0", // a replica stands for election however busy the machine was
		"--cluster-allow-replica-migration", "no", // replicas stay with the primary that a test gave them to
		"--appendfsync", "no") // the file is written before the answer all the same, which is enough for a server that is killed
	return s, strings.Replace(s.Addr, ":", " ", 1) + " " + bus
}
