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

// StartRedisClusterReplica starts a server that takes the place of primary, which is one of a Cluster, a
// few seconds after that is killed.
func StartRedisClusterReplica(t testing.TB, primary *Server) *Server {
	t.Helper()
	s, address := clustered(t)
	tell(t, primary, "CLUSTER MEET "+address)
	says(t, s, "CLUSTER INFO", "cluster_state:ok")
	id, err := ask(t.Context(), primary.Addr, "CLUSTER MYID")
	if err != nil {
		t.Fatal(err)
	}
	tell(t, s, "CLUSTER REPLICATE "+strings.Fields(id)[1])
	says(t, s, "INFO replication", "master_link_status:up")
	s.URL = primary.URL
	return s
}

// clustered starts a server that may become part of a Cluster, and returns its address for the others.
func clustered(t testing.TB) (s *Server, address string) {
	t.Helper()
	_, bus := free(t)
	s = redis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
	return s, strings.Replace(s.Addr, ":", " ", 1) + " " + bus
}
