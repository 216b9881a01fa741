package emulator_test

import (
	"encoding/json"
	"testing"
	"time"

	"concord/clouds/emulator"
)

// madeBy is the id of the first response that a cloud makes.
func madeBy(t *testing.T, c emulator.Config, path, header string) string {
	t.Helper()
	_, s := serve(t, c)
	_, _, body := post(t, s.URL+path, header, `{"model":"m","input":"a [reply 1 tokens]"}`)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.ID == "" {
		t.Fatalf("%v: %s", err, body)
	}
	return made.ID
}

func TestNoTwoCloudsGiveTheSameId(t *testing.T) {
	t.Parallel()
	models := []emulator.Model{{Name: "m", Serve: "gpt-5.4"}}
	at := func(second int64) func() time.Time { return func() time.Time { return time.Unix(second, 0) } }
	config := func(cloud string, seed uint64, second int64) emulator.Config {
		return emulator.Config{Cloud: cloud, Models: models, Seed: seed, Now: at(second)}
	}
	bearer := "Authorization: Bearer " + key
	first := madeBy(t, config("openai", 0, 1), "/v1/responses", bearer)
	seeded := madeBy(t, config("openai", 7, 1), "/v1/responses", bearer)
	for name, other := range map[string]string{
		"another cloud":            madeBy(t, config("azure", 0, 1), "/openai/v1/responses", "api-key: "+key),
		"another run":              madeBy(t, config("openai", 0, 2), "/v1/responses", bearer),
		"another seed":             seeded,
		"a cloud of the same seed": madeBy(t, config("azure", 7, 1), "/openai/v1/responses", "api-key: "+key),
	} {
		if other == first || other == seeded && name != "another seed" {
			t.Errorf("%s gives the same id %s", name, other)
		}
	}
	if again := madeBy(t, config("openai", 7, 2), "/v1/responses", bearer); again != seeded {
		t.Errorf("the same seed gives %s and then %s", seeded, again)
	}
}
