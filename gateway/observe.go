package gateway

import (
	"concord/delivery"
	"concord/journal"
	"concord/usage"
)

// Finished is what metrics learn of a request that ended. It holds no key, prompt or completion.
type Finished struct {
	Request    journal.RequestID
	Route      string          // the surface: "chat", "responses", "responses.get", "embeddings", ..., "models", "other"
	Status     int             // that the client was sent, 0 = it left before
	Code       string          // of the error that the client was sent; "" = none
	Outcome    journal.Outcome // 0 = the request has no record: 401, 404, malformed, refused admission
	Customer   string
	Key        string
	Product    string
	Deployment string // of the last attempt
	Cloud      string
	Stream     bool
	Attempts   int
	Last       delivery.Outcome // of the last attempt
	Left       delivery.Outcome // why the deployment before the last one was left; 0 = none was
	Tokens     usage.Tokens     // charged
	Evidence   usage.Evidence
	FirstByte  int64 // ns until the first byte went to the client; 0 = none did
	Duration   int64 // ns until the handler ended
	Panicked   bool
	Starved    bool // the customer's retry budget kept it from another attempt
}
