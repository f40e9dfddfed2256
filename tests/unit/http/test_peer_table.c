/* Connections per address: the cap, IPv6 by /64, growth, and deletion in long probe runs against a plain array. */
#include "test.h"

#include "base/rand.h"
#include "http/peer_table.h"

enum { PEERS = 3000 };

static void make_v4(unsigned i, unsigned char addr[16])
{
	memset(addr, 0, 16);
	addr[10] = addr[11] = 0xff;
	addr[12] = 10;
	addr[14] = (unsigned char)(i >> 8);
	addr[15] = (unsigned char)i;
}

static void test_cap(void **state)
{
	(void)state;
	struct peer_table *peers;
	unsigned char addr[16], other[16];
	make_v4(1, addr);
	make_v4(2, other);
	assert_int_equal(peer_table_new(&peers), 0);
	assert_int_equal(peer_table_add(peers, addr, 2), 0);
	assert_int_equal(peer_table_add(peers, addr, 2), 0);
	assert_int_equal(peer_table_add(peers, addr, 2), E_THROTTLED);
	assert_int_equal(peer_table_add(peers, other, 2), 0);
	peer_table_drop(peers, addr);
	assert_int_equal(peer_table_add(peers, addr, 2), 0);
	assert_int_equal(peer_table_add(peers, addr, 0), 0);
	assert_int_equal(peer_table_count(peers, addr), 3);
	peer_table_free(peers);
}

static void test_ipv6_is_its_network(void **state)
{
	(void)state;
	struct peer_table *peers;
	unsigned char addr[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
		      same[16] = {0x20, 0x01, 0x0d, 0xb8, [8] = 7, [15] = 2};
	unsigned char other[16] = {0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 1};
	assert_int_equal(peer_table_new(&peers), 0);
	assert_int_equal(peer_table_add(peers, addr, 1), 0);
	assert_int_equal(peer_table_add(peers, same, 1), E_THROTTLED);
	assert_int_equal(peer_table_add(peers, other, 1), 0);
	peer_table_free(peers);
}

static void test_against_array(void **state)
{
	(void)state;
	static unsigned counts[PEERS];
	struct peer_table *peers;
	unsigned char addr[16];
	assert_int_equal(peer_table_new(&peers), 0);
	for (unsigned step = 0; step < 60000; step++) {
		uint32_t dice;
		assert_int_equal(rand_public(&dice, sizeof(dice)), 0);
		unsigned i = (dice >> 1) % PEERS;
		make_v4(i, addr);
		assert_int_equal(peer_table_count(peers, addr), counts[i]);
		if (counts[i] > 0 && (dice & 1)) {
			peer_table_drop(peers, addr);
			counts[i]--;
			continue;
		}
		assert_int_equal(peer_table_add(peers, addr, 0), 0);
		counts[i]++;
	}
	for (unsigned i = 0; i < PEERS; i++) {
		make_v4(i, addr);
		for (; counts[i] > 0; counts[i]--)
			peer_table_drop(peers, addr);
		assert_int_equal(peer_table_count(peers, addr), 0);
	}
	peer_table_free(peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_ipv6_is_its_network),
		cmocka_unit_test(test_against_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
