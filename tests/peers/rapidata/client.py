"""The unmodified package rapidata, in its own environment: log in as it does, make its cheapest API call, say what came of it."""
import json

from rapidata import RapidataClient

client = RapidataClient()
token = client.get_token()
print(json.dumps({'audiences': len(client.audience.find_audiences()), 'expires_in': token.get('expires_in'),
                  'token_type': token.get('token_type'), 'refresh': 'refresh_token' in token}))
