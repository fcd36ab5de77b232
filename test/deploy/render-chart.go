// SPDX-License-Identifier: Apache-2.0
// Renders the templates of a chart with Go's text/template, which is what Helm does. The functions are those of Helm and Sprig that our chart uses, with their meaning.
// stdin: {"values": ..., "chart": ..., "release": ..., "templates": {NAME: TEXT}}; stdout: {NAME: TEXT}. Templates whose name begins with "_" only define others.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"text/template"
)

type input struct {
	Values    map[string]interface{} `json:"values"`
	Chart     map[string]interface{} `json:"chart"`
	Release   map[string]interface{} `json:"release"`
	Templates map[string]string      `json:"templates"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(err)
	}
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	for name, text := range in.Templates {
		if _, err := root.New(name).Parse(text); err != nil {
			fail(err)
		}
	}
	data := map[string]interface{}{"Values": in.Values, "Chart": in.Chart, "Release": in.Release}
	rendered := map[string]string{}
	for name := range in.Templates {
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		if err := root.ExecuteTemplate(&out, name, data); err != nil {
			fail(err)
		}
		rendered[name] = out.String()
	}
	if err := json.NewEncoder(os.Stdout).Encode(rendered); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func functions(root *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data interface{}) (string, error) {
			var out bytes.Buffer
			err := root.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"required": func(why string, value interface{}) (interface{}, error) {
			if value == nil || value == "" {
				return nil, errors.New(why)
			}
			return value, nil
		},
		"default": func(other interface{}, value interface{}) interface{} {
			if truth, ok := template.IsTrue(value); ok && truth {
				return value
			}
			return other
		},
		"dict":       func() map[string]interface{} { return map[string]interface{}{} },
		"quote":      func(value interface{}) string { return strconv.Quote(fmt.Sprint(value)) },
		"nindent":    func(blanks int, text string) string { return "\n" + indent(blanks, text) },
		"trunc":      func(length int, text string) string { return text[:min(length, len(text))] },
		"trimSuffix": func(suffix string, text string) string { return strings.TrimSuffix(text, suffix) },
		"sha256sum": func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		},
		"toYaml": func(value interface{}) string { return strings.TrimSuffix(yaml(value), "\n") },
	}
}

func min(a int, b int) int {
	if a < b {
		return a
	}
	return b
}

func indent(blanks int, text string) string {
	pad := strings.Repeat(" ", blanks)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}

// Block style, keys sorted.
func yaml(value interface{}) string {
	switch typed := value.(type) {
	case map[string]interface{}:
		keys := make([]string, 0, len(typed))
		for key := range typed {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		lines := ""
		for _, key := range keys {
			lines += scalar(key) + ":" + below(typed[key])
		}
		return lines
	case []interface{}:
		lines := ""
		for _, item := range typed {
			text := strings.TrimSuffix(yaml(item), "\n")
			lines += "- " + strings.TrimPrefix(indent(2, text), "  ") + "\n"
		}
		return lines
	default:
		return scalar(value) + "\n"
	}
}

func below(value interface{}) string {
	text := strings.TrimSuffix(yaml(value), "\n")
	switch typed := value.(type) {
	case map[string]interface{}:
		if len(typed) == 0 {
			return " {}\n"
		}
		return "\n" + indent(2, text) + "\n"
	case []interface{}:
		if len(typed) == 0 {
			return " []\n"
		}
		return "\n" + text + "\n"
	default:
		return " " + text + "\n"
	}
}

// A plain word stays plain, as in what Helm prints; anything else becomes a JSON string, which is YAML too.
func scalar(value interface{}) string {
	text, isText := value.(string)
	if !isText {
		encoded, _ := json.Marshal(value)
		return string(encoded)
	}
	for _, char := range text {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-", char) {
			return strconv.Quote(text)
		}
	}
	var other interface{}
	if text == "" || strings.ContainsAny(text[:1], "0123456789.-") || json.Unmarshal([]byte(text), &other) == nil || isWord(text) {
		return strconv.Quote(text)
	}
	return text
}

func isWord(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}
