package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const sigV4 = "AWS4-HMAC-SHA256"

// verify checks a SigV4 signature over the request as it arrived, with code of its own.
func (d bedrockDialect) verify(r *http.Request, body []byte) (account string, failed *failure) {
	s, ok := parseSignature(r)
	if !ok {
		return "", d.exception(http.StatusForbidden, "IncompleteSignatureException", "Authorization header is incomplete.")
	}
	key, secret, token, known := d.secretOf(s.id)
	if !known || r.Header.Get("X-Amz-Security-Token") != token {
		return "", d.exception(http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	service := "bedrock"
	if d.mantle() {
		service = "bedrock-mantle"
	}
	if s.service != service || d.e.config.Region != "" && s.region != d.e.config.Region {
		return "", d.exception(http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to a valid region and service.")
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if age := d.e.config.Now().Sub(at); err != nil || age.Abs() > 5*time.Minute {
		return "", d.exception(http.StatusForbidden, "InvalidSignatureException", "Signature expired or not yet valid.")
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != "" && given != hash || !s.matches(r, hash, secret) {
		return "", d.exception(http.StatusForbidden, "InvalidSignatureException", "The request signature we calculated does not match the signature "+
			"you provided. Check your AWS Secret Access Key and signing method.")
	}
	return d.e.config.Accounts[key], nil
}

// secretOf finds the secret and session token of an access key id among the keys "ID:SECRET[:TOKEN]".
func (d bedrockDialect) secretOf(id string) (key, secret, token string, ok bool) {
	for _, key := range d.e.config.Keys {
		if rest, found := strings.CutPrefix(key, id+":"); found && id != "" {
			secret, token, _ = strings.Cut(rest, ":")
			return key, secret, token, true
		}
	}
	return "", "", "", false
}

// signature is what an Authorization header says.
type signature struct {
	id, date, region, service string
	headers                   []string
	value                     string
}

func parseSignature(r *http.Request) (signature, bool) {
	var s signature
	fields, _ := strings.CutPrefix(r.Header.Get("Authorization"), sigV4+" ")
	for part := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return s, false
			}
			s.id, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	return s, s.id != "" && s.value != "" && slices.Contains(s.headers, "host") && strings.HasPrefix(r.Header.Get("X-Amz-Date"), s.date)
}

func (s *signature) matches(r *http.Request, bodyHash, secret string) bool {
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + canonicalPath(r.URL) + "\n" + canonicalQuery(r.URL) + "\n")
	for _, name := range s.headers {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	canonical.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + bodyHash)
	sum := sha256.Sum256([]byte(canonical.String()))
	text := sigV4 + "\n" + r.Header.Get("X-Amz-Date") + "\n" + s.date + "/" + s.region + "/" + s.service + "/aws4_request\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + secret)
	for _, part := range [...]string{s.date, s.region, s.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.value))
}

// canonicalPath escapes the path as it was sent once more, as every service but S3 does.
func canonicalPath(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return strings.Join(parts, "/")
}

func canonicalQuery(u *url.URL) string {
	return strings.ReplaceAll(u.Query().Encode(), "+", "%20")
}
