// Package rfc9440 is a plugin for Traefik: requests for another host are not served, what a client claims is removed,
// and the certificate that it showed is passed on as RFC 9440, section 2.1, writes it.
package rfc9440

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
)

// Config holds the host and port that are served.
type Config struct {
	Host string `json:"host"`
}

// CreateConfig gives what stands where the configuration says nothing.
func CreateConfig() *Config {
	return &Config{}
}

// A dot is any one character, so that a name is known in every spelling that a server may take for it.
var claims = regexp.MustCompile(`(?i)^(.*(cert|ssl|tls|wscc|client.verify).*` +
	`|x.(envoy|original|rewrite)(.+)?|x.forwarded.(access|method|path|prefix|scheme|uri|user).*` +
	`|x.(host|scheme|url.scheme|(http.)?method)(.override)?|forwarded|front.end.https|(x|true|x.cluster).client.ip` +
	`|(x.)?(remote|authenticated).user|x.(auth|user)(..+)?|dpop..+)$`)

type handler struct {
	next http.Handler
	host string
}

// New is called by Traefik for each router that names the plugin.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	return &handler{next, config.Host}, nil
}

func (h *handler) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	if !strings.EqualFold(request.Host, h.host) {
		answer.WriteHeader(http.StatusMisdirectedRequest)
		return
	}
	for name := range request.Header {
		if claims.MatchString(name) {
			delete(request.Header, name)
		}
	}
	if request.TLS != nil && len(request.TLS.PeerCertificates) > 0 {
		der := request.TLS.PeerCertificates[0].Raw
		request.Header.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(der)+":")
	}
	h.next.ServeHTTP(answer, request)
}
