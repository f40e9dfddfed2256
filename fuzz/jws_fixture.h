/* A fixed key set and tokens signed by its keys (whose private halves were thrown away), for fuzz_jws. */
#ifndef FUZZ_JWS_FIXTURE_H
#define FUZZ_JWS_FIXTURE_H

static const char fixture_jwks[] =
	"{\"keys\":[{\"kty\":\"EC\",\"kid\":\"ES256\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\""
	",\"x\":\"s2PJbXLGLzF92mrCbSgCtfSZQfWW5ocyBAGWl_ndn5Y\",\"y\":\"VEfPRtcnBOJDIws5UkL_shlHPE9DhHBq2"
	"xFuzrBGEoU\"},{\"kty\":\"EC\",\"kid\":\"ES384\",\"use\":\"sig\",\"alg\":\"ES384\",\"crv\":\"P-38"
	"4\",\"x\":\"sXnK_pEkhVsYnbgATSeML4KSiv0Qb2xz_-6cGLII7eLaY9zNJiQuadjAryT0gfK7\",\"y\":\"2J4Ub2g9f"
	"aKa8bxzL8NABZZFp3uV0zwHsnSRKv2KFjhd5ZsBeG7AiF0_0zfpfcCN\"},{\"kty\":\"RSA\",\"kid\":\"RS256\",\""
	"use\":\"sig\",\"alg\":\"RS256\",\"n\":\"zpiCeIoD5Iw6bDHMd_wdESzV7E2iURZvYJ0yxQB7K5Ldw2jZ8O0D23P5"
	"jm8T5aLVURw_UV9zb42T6iHueu6RUM4vy-_lnX08NXYPf4Jz6YUj5Uwy8Q3aBOWBF62CGQ3g7_rXQmJoJWW0pi2JRNGE28aU"
	"DRKnFyyZO9k_zAbwCVdExKzt_PNE1MiIMO0q1vlZtEO1ye5uctIVtZraIYJmDuOkSJBkm3xAIsorlOByQQUhiDeyQP30Hgah"
	"UYgxXaAu4_QDw71_lQDpFSbbir6FpXW83jzdr9Ey6Ir3dqPnBEXqpDWH1ahQpiaw2wi7to8w1t_qqoiBlH542dOXeXAtBw\""
	",\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"kid\":\"PS256\",\"use\":\"sig\",\"alg\":\"PS256\",\"n\":\"qg"
	"skSCThMh-xTHkRfd1oqqZ8-h3EGVp2x_Jgu9VDydIVHY160FHb2KtRfBA3xUdJbANUNlBokTikfL8pGP2ujeDwz6ngH5yrP8"
	"esRJER08qBRiQUwK7EAh-u7I6CvkOm56h84LimkmspTOSY4xd1ljr6ipi73VYHlw8qGc-aVizy_ABV-HEfBE4cCXqdbzEVL8"
	"vLafYQ6uZ_8iRAw00vfPBcBsXOM6M4SBWtk8MvTMJPXZdA2jn0oO9EWP69TLgT4ww1MjZte0AlSXFA_mC-ogJu8HZG9YKqzu"
	"AQIMPwDNxU_NVw5HDearhmqNrpnMWtPviy1lnWY25-uetBk5vy0w\",\"e\":\"AQAB\"},{\"kty\":\"OKP\",\"kid\":"
	"\"EdDSA\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"x\":\"2-SQo9TkzLu0c1mAaKyGEAsE"
	"LWcqaACCtcDPhqhHUlU\"}]}";

static const char *const fixture_tokens[] = {
	"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IkVTMjU2In0.eyJpc3MiOiJodHRwczovL2FzIiwic3ViIjoicyIs"
	"ImF1ZCI6ImFwaSIsImNsaWVudF9pZCI6ImMiLCJqdGkiOiJqIiwic2NvcGUiOiJyZWFkIHdyaXRlIiwiaWF0IjoxMDAwLCJleHAi"
	"OjIwMDB9.ftXyoJcsWCJ6LS43haQ2oD5nkoxRHrIpTdKMzwBE5E-funzjrUedUSqK6jvunDaaRt8QMp0w8Qr0QROvXdyYhg",
	"eyJhbGciOiJFUzM4NCIsInR5cCI6ImF0K2p3dCIsImtpZCI6IkVTMzg0In0.eyJpc3MiOiJodHRwczovL2FzIiwic3ViIjoicyIs"
	"ImF1ZCI6WyJ4IiwiYXBpIl0sImNsaWVudF9pZCI6ImMiLCJqdGkiOiJqIiwiaWF0IjoxMDAwLCJleHAiOjE0MDAsIm5iZiI6MTAw"
	"MH0.lrDKeFQ85p7r18d3HtxSW1n-hPYKlNYEQCT2qweXFhraV4p5LGvErd3BdL-ZubU8h_gnYBJlI6kSiGhi_Qe7WNteCbIzBU2j"
	"bH5H4INfAYvmC-cJyOD31GdOEvl-_ZaF",
	"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IlJTMjU2In0.eyJpc3MiOiJodHRwczovL2FzIiwic3ViIjoicyIs"
	"ImF1ZCI6ImFwaSIsImNsaWVudF9pZCI6ImMiLCJqdGkiOiJqIiwic2NvcGUiOiJyZWFkIHdyaXRlIiwiaWF0IjoxMDAwLCJleHAi"
	"OjIwMDB9.KdVUp_LPIfPJy-UWk5Z1imHI19iWx34_YgzWK_BnDAqyi-LDh3ifKKkmLys7vUw2QyofxzBsYv17pv7gJ6tyynkFzxj"
	"H7dUKERKy5YYYvyVlWqvPiY1WOiucvcTcSAA5lOL7EJbw-Ql0PNI7V3IITw0ILmrGJP1lIOHbTKHzt1nqNt8Lu0nD4THPkl6cJgn"
	"dp4q9i5MbtifpTWcjg3yRID90wrqwO6SIbW_tcyfVECmEL71D_ny4WFNteFTO3vGyj0ktAsEG885JLcfGfgi7lBLp1UxmX4283Ea"
	"-tezrLTtOSnGyjVFDNqybItqa8NJ36Dx52z4-ozkcp2B973Vq7A",
	"eyJhbGciOiJQUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IlBTMjU2In0.eyJpc3MiOiJodHRwczovL2FzIiwic3ViIjoicyIs"
	"ImF1ZCI6ImFwaSIsImNsaWVudF9pZCI6ImMiLCJqdGkiOiJqIiwic2NvcGUiOiJyZWFkIHdyaXRlIiwiaWF0IjoxMDAwLCJleHAi"
	"OjIwMDB9.kFKUEc2vvYZKX9KqIwdi07YaymCNRhe8YVljmSgCfR_O8ywIBVmimIdmvpff-d67AwTO8oK9THiuo2D8oU_Z7GGe0Y5"
	"G2XucJ_UxkW3Pb75pxRy5AiIqJGjkUd3_J11bMne0o4rQwHCMz5wkATC2wAS5Pt7w0lsk8zKfJsfBHwPHWyyEGxjEk-EzrwAPNp4"
	"gReV2y8iDH252xxQvE__kDU2S1wyou0jjbIE7yOk2Z-uRarI2ScppuqeiINgv84wfMNyDpDD1pO_PPEeUh_RhQmiJW3kvvxxwtWg"
	"SYzo_gzVxKkB7cXXR2SKlaaXQTOPVCP9Y6x-hxR0yayLJ_9jWuw",
	"eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IkVkRFNBIn0.eyJpc3MiOiJodHRwczovL2FzIiwic3ViIjoicyIs"
	"ImF1ZCI6ImFwaSIsImNsaWVudF9pZCI6ImMiLCJqdGkiOiJqIiwic2NvcGUiOiJyZWFkIHdyaXRlIiwiaWF0IjoxMDAwLCJleHAi"
	"OjIwMDB9.YS1Xyq_Yd03_McWHjtmW4sDc2vejh0JTEhg28-26m9dKXfWOWiKV9Ub0RKapfD7LrAFXOF692v3rV-Tlv47uDA",
};

#endif
