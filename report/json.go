package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes v as JSON that depends on its content alone: keys sorted, two spaces of indentation, no HTML
// escapes, numbers as v gives them, one newline at the end. Amounts write themselves as strings.
func WriteJSON(w io.Writer, v any) error {
	text, err := CanonicalJSON(v)
	if err != nil {
		return err
	}
	if _, err = w.Write(text); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// CanonicalJSON returns what WriteJSON writes.
func CanonicalJSON(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	// A second pass through maps sorts the fields of structs too, so that moving a field changes no byte.
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, fmt.Errorf("sort JSON: %w", err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(plain); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return out.Bytes(), nil
}
