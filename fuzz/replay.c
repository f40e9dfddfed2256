/* Run every file of a folder through a fuzz target: yesterday's crash is today's test. An empty folder is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	uint8_t *data = malloc(1 << 20);
	size_t size = data ? fread(data, 1, 1 << 20, file) : 0;
	fclose(file);
	uint8_t *exact = malloc(size > 0 ? size : 1); /* so that the sanitizer sees a read beyond */
	if (data && exact) {
		memcpy(exact, data, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	free(exact);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	unsigned n = 0;
	if (!folder)
		return 2;
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		if (entry->d_name[0] != '.' && replay_file(argv[1], entry->d_name) == 0)
			n++;
	closedir(folder);
	printf("%u files\n", n);
	return n > 0 ? 0 : 1;
}
