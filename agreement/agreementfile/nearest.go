package agreementfile

import "strings"

// nearest returns the known word that was probably meant, or "".
func nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	best, bound := "", 1+len(word)/4
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d <= bound {
			best, bound = k, d-1
		}
	}
	return best
}

// distance is the number of edits, where swapping two neighbours counts as one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
