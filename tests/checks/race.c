/* SPDX-License-Identifier: Apache-2.0 */
/* race.c - for ThreadSanitizer: a sum over threads, each slice into a place of its own as
 * worker/shard.c has it, in which it shall see nothing; and with an argument the same sum into one
 * place, a race that it shall see. */
#include <stdio.h>

enum { N_SLICES = 64, SLICE = 1000 };

static long own[N_SLICES];
static long shared;

int main(int argc, char **argv)
{
    (void)argv;
    int is_planted = argc > 1;
#pragma omp parallel for schedule(static, 1) num_threads(4)
    for (int s = 0; s < N_SLICES; s++) {
        volatile long *sum = is_planted ? &shared : &own[s];
        for (int i = 0; i < SLICE; i++) {
            *sum += i;
        }
    }
    long all = shared;
    for (int s = 0; s < N_SLICES; s++) {
        all += own[s];
    }
    (void)printf("%ld\n", all);
    return 0;
}
