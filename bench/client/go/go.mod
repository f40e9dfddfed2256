module bench

go 1.19

require golang.org/x/oauth2 v0.21.0
