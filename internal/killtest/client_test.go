package killtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sight is what a client saw of one request. It is read with the test's own few lines of code: the gateway's are what is
// being tested.
type sight struct {
	request string // as the answer's header names it; "" = no answer began
	status  int
	stream  bool
	whole   bool  // the answer came to its end
	events  int64 // with content
	bytes   int64 // of content; of the whole body where it is not streamed
	began   time.Time
	ended   time.Time
}

// chatMessage is what both forms of an answer share.
type chatMessage struct {
	Choices []struct {
		Delta   struct{ Content string }
		Message struct{ Content string }
	}
}

func (m *chatMessage) content() string {
	if len(m.Choices) == 0 {
		return ""
	}
	return m.Choices[0].Delta.Content + m.Choices[0].Message.Content
}

// ask sends one request and reads as far as it comes.
func ask(ctx context.Context, client *http.Client, gateway, key, model string, tokens int, stream bool) (s sight) {
	s.stream, s.began = stream, time.Now()
	defer func() { s.ended = time.Now() }()
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"talk to me [reply %d tokens]"}]}`, model, stream, tokens)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+gateway+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return s
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := client.Do(request)
	if err != nil {
		return s
	}
	defer response.Body.Close()
	s.request, s.status = response.Header.Get("X-Concord-Request-Id"), response.StatusCode
	if !stream || s.status != http.StatusOK {
		answer, err := io.ReadAll(response.Body)
		s.whole = err == nil
		if s.take(answer); s.bytes > 0 {
			s.bytes = int64(len(answer))
		}
		return s
	}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok:
		case data == "[DONE]":
			s.whole = true
		default:
			s.take([]byte(data))
		}
	}
	return s
}

func (s *sight) take(message []byte) {
	var m chatMessage
	if json.Unmarshal(message, &m) != nil {
		return // cut off by the kill
	}
	if content := m.content(); content != "" {
		s.events++
		s.bytes += int64(len(content))
	}
}

// crowd is clients that ask without pause, while a gateway is up.
type crowd struct {
	client *http.Client
	open   sync.WaitGroup
	quit   chan struct{}

	mu   sync.Mutex
	up   chan struct{} // closed while a gateway is up
	at   string        // its address; "" = none is
	seen []sight
}

func gather(clients int, seed uint64) *crowd {
	c := &crowd{
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		quit:   make(chan struct{}), up: make(chan struct{}),
	}
	for n := range clients {
		dice := rand.New(rand.NewPCG(seed, uint64(n)))
		c.open.Go(func() { c.talk(dice) })
	}
	return c
}

// await waits until a gateway is up, and returns its address with what is closed while it is; "" = the crowd disperses.
func (c *crowd) await() (gateway string, up chan struct{}) {
	for {
		c.mu.Lock()
		gateway, up = c.at, c.up
		c.mu.Unlock()
		select {
		case <-c.quit:
			return "", nil
		default:
		}
		if gateway != "" {
			return gateway, up
		}
		select {
		case <-up:
		case <-c.quit:
		}
	}
}

func (c *crowd) talk(dice *rand.Rand) {
	for gateway, up := c.await(); gateway != ""; gateway, up = c.await() {
		key, model := "sk-example-acme", "gpt-5.4"
		if dice.IntN(3) == 0 {
			key = "sk-example-contoso"
		}
		if dice.IntN(4) == 0 {
			model = "gpt-oss-120b"
		}
		tokens := 5 + dice.IntN(150)
		if dice.IntN(8) == 0 {
			tokens = 1200 // long enough for a progress entry
		}
		s := ask(context.Background(), c.client, gateway, key, model, tokens, dice.IntN(3) > 0)
		c.mu.Lock()
		c.seen = append(c.seen, s)
		if s.request == "" && up == c.up { // the gateway is gone, and whoever killed it has not said so yet
			c.up, c.at = make(chan struct{}), ""
		}
		c.mu.Unlock()
	}
}

// let says where a gateway is up; "" = none is.
func (c *crowd) let(gateway string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case gateway != "" && c.at == "":
		close(c.up)
	case gateway == "" && c.at != "":
		c.up = make(chan struct{})
	}
	c.at = gateway
}

// disperse lets the clients end what they began and returns what all of them saw.
func (c *crowd) disperse() []sight {
	close(c.quit)
	c.open.Wait()
	return c.seen
}
