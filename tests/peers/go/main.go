// A peer of the test suite: golang.org/x/oauth2 and github.com/coreos/go-oidc, unmodified, against a running server.
// It reads ISSUER, SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET and API_AUDIENCE and prints "N passed, N failed" at the end.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var (
	issuer   = os.Getenv("ISSUER")
	id       = os.Getenv("SERVICE_CLIENT_ID")
	secret   = os.Getenv("SERVICE_CLIENT_SECRET")
	audience = os.Getenv("API_AUDIENCE")
	alg      = os.Getenv("ALG")
	algs     = []string{alg}
)

func config(provider *oidc.Provider, style oauth2.AuthStyle, scopes ...string) *clientcredentials.Config {
	return &clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL,
		AuthStyle: style, Scopes: scopes}
}

func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// discovery: NewProvider refuses metadata whose issuer differs by a byte.
func discovery(_ context.Context, provider *oidc.Provider) error {
	var metadata struct {
		GrantTypes []string `json:"grant_types_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		JWKS       string   `json:"jwks_uri"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return err
	}
	return expect(strings.Contains(strings.Join(metadata.GrantTypes, " "), "client_credentials") && metadata.JWKS != "" &&
		len(metadata.Methods) > 0, "metadata %+v", metadata)
}

func token(style oauth2.AuthStyle) func(context.Context, *oidc.Provider) error {
	return func(ctx context.Context, provider *oidc.Provider) error {
		token, err := config(provider, style).Token(ctx)
		if err != nil {
			return err
		}
		left := time.Until(token.Expiry)
		return expect(token.Valid() && token.Type() == "Bearer" && left > 50*time.Minute && left < 61*time.Minute,
			"token of type %s for %s", token.Type(), left)
	}
}

func verifier(provider *oidc.Provider, audience string) *oidc.IDTokenVerifier {
	return provider.Verifier(&oidc.Config{ClientID: audience, SupportedSigningAlgs: algs})
}

// verify: the key set is fetched from jwks_uri, the signature, iss, aud and exp are checked.
func verify(ctx context.Context, provider *oidc.Provider) error {
	token, err := config(provider, oauth2.AuthStyleInHeader).Token(ctx)
	if err != nil {
		return err
	}
	verified, err := verifier(provider, audience).Verify(ctx, token.AccessToken)
	if err != nil {
		return err
	}
	var claims struct {
		ClientID string `json:"client_id"`
		Scope    string `json:"scope"`
		JTI      string `json:"jti"`
	}
	if err := verified.Claims(&claims); err != nil {
		return err
	}
	return expect(verified.Subject == id && claims.ClientID == id && claims.Scope == token.Extra("scope") && claims.JTI != "",
		"claims %+v", claims)
}

func refuseOtherAudience(ctx context.Context, provider *oidc.Provider) error {
	token, err := config(provider, oauth2.AuthStyleInHeader).Token(ctx)
	if err != nil {
		return err
	}
	_, err = verifier(provider, "https://other.example").Verify(ctx, token.AccessToken)
	return expect(err != nil, "a token for %s was accepted elsewhere", audience)
}

func refuseBrokenSignature(ctx context.Context, provider *oidc.Provider) error {
	token, err := config(provider, oauth2.AuthStyleInHeader).Token(ctx)
	if err != nil {
		return err
	}
	parts := strings.Split(token.AccessToken, ".")
	parts[1] = "e30"
	_, err = verifier(provider, audience).Verify(ctx, strings.Join(parts, "."))
	return expect(err != nil, "a changed token was accepted")
}

// remoteKeySet: the way for access tokens in programs that do the claims themselves.
func remoteKeySet(ctx context.Context, provider *oidc.Provider) error {
	var metadata struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return err
	}
	token, err := config(provider, oauth2.AuthStyleInParams).Token(ctx)
	if err != nil {
		return err
	}
	payload, err := oidc.NewRemoteKeySet(ctx, metadata.JWKS).VerifySignature(ctx, token.AccessToken)
	if err != nil {
		return err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	return expect(claims["iss"] == issuer, "iss is %v", claims["iss"])
}

func scope(ctx context.Context, provider *oidc.Provider) error {
	all, err := config(provider, oauth2.AuthStyleInHeader).Token(ctx)
	if err != nil {
		return err
	}
	one := strings.Fields(all.Extra("scope").(string))[0]
	token, err := config(provider, oauth2.AuthStyleInHeader, one).Token(ctx)
	if err != nil {
		return err
	}
	return expect(token.Extra("scope") == one, "scope %v instead of %s", token.Extra("scope"), one)
}

func wrongSecret(ctx context.Context, provider *oidc.Provider) error {
	wrong := config(provider, oauth2.AuthStyleInHeader)
	wrong.ClientSecret = "wrong"
	_, err := wrong.Token(ctx)
	var failed *oauth2.RetrieveError
	if !errors.As(err, &failed) {
		return fmt.Errorf("not an OAuth error: %v", err)
	}
	return expect(failed.ErrorCode == "invalid_client" && failed.Response.StatusCode == http.StatusUnauthorized,
		"%d %s", failed.Response.StatusCode, failed.ErrorCode)
}

// cached: the token source asks once per lifetime.
func cached(ctx context.Context, provider *oidc.Provider) error {
	source := config(provider, oauth2.AuthStyleInHeader).TokenSource(ctx)
	first, err := source.Token()
	if err != nil {
		return err
	}
	second, err := source.Token()
	if err != nil {
		return err
	}
	return expect(first.AccessToken == second.AccessToken, "a second token within the lifetime of the first")
}

type test struct {
	name string
	run  func(context.Context, *oidc.Provider) error
}

func main() {
	// Loopback traffic goes nowhere else, whatever proxy the environment names.
	direct := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	ctx := context.WithValue(oidc.ClientContext(context.Background(), direct), oauth2.HTTPClient, direct)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		fmt.Println("FAILED go "+alg+": discovery:", err)
		fmt.Println("0 passed, 1 failed")
		os.Exit(1)
	}
	tests := []test{
		{"discovery", discovery},
		{"token with the style found by trying", token(oauth2.AuthStyleAutoDetect)},
		{"token with Basic", token(oauth2.AuthStyleInHeader)},
		{"token with the secret in the body", token(oauth2.AuthStyleInParams)},
		{"verify", verify},
		{"refuse another audience", refuseOtherAudience},
		{"refuse a changed token", refuseBrokenSignature},
		{"remote key set", remoteKeySet},
		{"one scope", scope},
		{"wrong secret", wrongSecret},
		{"cached token source", cached},
	}
	if os.Getenv("APP_ID") != "" { // as an app that people sign in to
		tests = tests[:0]
		tests = append(tests, test{"code and PKCE", loginByCode}, test{"refresh", loginAndRefresh}, test{"device grant", loginByDevice})
	}
	failed := 0
	for _, test := range tests {
		if err := test.run(ctx, provider); err != nil {
			failed++
			fmt.Printf("FAILED go %s: %s: %v\n", alg, test.name, err)
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(tests)-failed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
