package demo

// A customer's part in the replay.
type customer struct {
	id  string
	key string
}

// assignment says who sends the request with an index, for which model, and whether it is streamed. It depends on nothing
// but the index, so that every run of a trace asks for the same. Bits are taken from different places of the index, so
// that customer, model and streaming mix.
type assignment struct {
	customer int // 0 = acme, 1 = contoso
	model    string
	stream   bool
}

// The models that the replay asks for, by the names that clients use.
const (
	closedModel = "gpt-5.4"
	openModel   = "gpt-oss-120b"
)

func assign(index int) assignment {
	a := assignment{customer: index % 2, model: closedModel, stream: index/2%2 == 0}
	// Two blocks of four in every eight: one request in four, and the same for each customer, streamed and not.
	if at := index / 4 % 8; at == 1 || at == 6 {
		a.model = openModel
	}
	return a
}

// outage returns the first index of the replay while Azure is down, and the first after it: 40 % and 60 % of all.
func outage(requests int) (from, until int) { return requests * 2 / 5, requests * 3 / 5 }
