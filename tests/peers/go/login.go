package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// app is what x/oauth2 needs to know of an app that people sign in to.
func app(provider *oidc.Provider, scopes ...string) *oauth2.Config {
	return &oauth2.Config{ClientID: os.Getenv("APP_ID"), ClientSecret: os.Getenv("APP_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: os.Getenv("REDIRECT"), Scopes: scopes}
}

// login goes through the browser, redeems the code and has go-oidc verify the id token.
func login(ctx context.Context, provider *oidc.Provider, scopes ...string) (*oauth2.Token, *oidc.IDToken, error) {
	config, verifier := app(provider, scopes...), oauth2.GenerateVerifier()
	out, err := exec.Command(os.Getenv("BROWSER"),
		config.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce"))).Output()
	if err != nil {
		return nil, nil, err
	}
	answer, err := url.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, nil, err
	}
	query := answer.Query()
	if query.Get("state") != "the state" || query.Get("iss") != issuer {
		return nil, nil, fmt.Errorf("answer %s", answer)
	}
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID, SupportedSigningAlgs: algs}).Verify(ctx, raw)
	if err != nil {
		return nil, nil, err
	}
	if id.Nonce != "the nonce" {
		return nil, nil, fmt.Errorf("nonce %q", id.Nonce)
	}
	return token, id, id.VerifyAccessToken(token.AccessToken) // at_hash
}

func loginByCode(ctx context.Context, provider *oidc.Provider) error {
	token, id, err := login(ctx, provider, oidc.ScopeOpenID, "email")
	if err != nil {
		return err
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	return expect(info.Subject == id.Subject && info.Email == os.Getenv("PERSON") && token.RefreshToken == "", "userinfo %+v", info)
}

func loginAndRefresh(ctx context.Context, provider *oidc.Provider) error {
	token, _, err := login(ctx, provider, oidc.ScopeOpenID, oidc.ScopeOfflineAccess)
	if err != nil {
		return err
	}
	old := &oauth2.Token{RefreshToken: token.RefreshToken}
	next, err := app(provider).TokenSource(ctx, old).Token()
	if err != nil {
		return err
	}
	if _, err = app(provider).TokenSource(ctx, old).Token(); err == nil {
		return fmt.Errorf("an old refresh token was good again")
	}
	_, err = provider.UserInfo(ctx, oauth2.StaticTokenSource(next))
	return expect(err != nil, "a token of the family outlived the reuse")
}

func loginByDevice(ctx context.Context, provider *oidc.Provider) error {
	config := app(provider, oidc.ScopeOpenID, "email")
	// RFC 8628 3.1: a confidential client authenticates here too, which x/oauth2 leaves to its caller.
	var secret []oauth2.AuthCodeOption
	if config.ClientSecret != "" {
		secret = append(secret, oauth2.SetAuthURLParam("client_secret", config.ClientSecret))
	}
	device, err := config.DeviceAuth(ctx, secret...)
	if err != nil {
		return err
	}
	if err = exec.Command(os.Getenv("BROWSER"), device.VerificationURIComplete).Run(); err != nil {
		return err
	}
	token, err := config.DeviceAccessToken(ctx, device)
	if err != nil {
		return err
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	return expect(info.Email == os.Getenv("PERSON") && token.Extra("id_token") != nil, "userinfo %+v", info)
}
