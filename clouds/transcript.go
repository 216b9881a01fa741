package clouds

import (
	"bytes"

	"concord/usage"
)

// readTranscript reads a transcript in any of its formats. Its usage is what the cloud reports, or else the sound's length,
// from the answer (verbose_json says it, subtitles end with it).
func readTranscript(c *Call, body []byte) Reply {
	var r Reply
	switch c.Scan.Format {
	case "text", "srt", "vtt":
		trimmed := bytes.TrimSpace(body)
		r.Error = len(trimmed) > 0 && trimmed[0] == '{' && ReadError(trimmed).Found
		r.Text = len(trimmed)
		if n, ok := lastTimestamp(trimmed); ok && c.Scan.Format != "text" {
			r.seconds(n, usage.Counted)
		}
		return r
	}
	answer, duration, hasDuration := false, int64(0), false
	o := object{b: body, i: skipSpace(body, 0)}
	for o.next() {
		value := o.value()
		switch string(o.m.key) {
		case "text":
			answer = answer || value[0] == '"'
			r.Text += stringBytes(value)
		case "duration":
			duration, hasDuration = ceiling(bytes.Trim(value, `"`))
		case "usage":
			if value[0] == '{' {
				r.Tokens, r.Usage = readUsage(value)
			}
		case "error":
			r.Error = r.Error || filled(value)
		}
	}
	if !r.Usage && hasDuration {
		r.seconds(duration, usage.Reported)
	}
	r.Error = r.Error || o.i < 0 || !answer
	return r
}

func (r *Reply) seconds(n int64, evidence usage.Evidence) {
	if n > maxTokens {
		return
	}
	r.Usage, r.Tokens = true, usage.Usage{Evidence: evidence}
	r.Tokens.Tokens[usage.Seconds] = n
}

// lastTimestamp reads the end of the last cue of subtitles, rounded up to seconds: "00:01:02,500" or "01:02.500" after the
// last "-->".
func lastTimestamp(subtitles []byte) (int64, bool) {
	i := bytes.LastIndex(subtitles, []byte("--> "))
	if i < 0 {
		return 0, false
	}
	stamp := subtitles[i+4:]
	if end := bytes.IndexAny(stamp, " \r\n\t"); end >= 0 {
		stamp = stamp[:end]
	}
	if len(stamp) > 16 {
		return 0, false
	}
	total := int64(0)
	for {
		unit, rest, more := bytes.Cut(stamp, []byte(":"))
		if !more {
			break
		}
		n, ok := integer(unit)
		if !ok || n < 0 {
			return 0, false
		}
		total, stamp = (total+n)*60, rest
	}
	n, ok := ceiling(bytes.Replace(stamp, []byte(","), []byte("."), 1))
	return total + n, ok
}
