/* The floor in C of geo/graph/kernels.py: the same buckets, the same lists, without checks. See bench/geo_graph.py. */
#include <stdint.h>

#define SLOTS 1024
#define NEVER INT32_MAX
#define FREE INT32_MIN

typedef struct { int32_t time, arc, after, before; } Node;

static void put(Node *state, int32_t *first, int32_t v, int32_t slot) {
    int32_t head = first[slot];
    state[v].after = head;
    state[v].before = -slot - 1;
    if (head >= 0) state[head].before = v;
    first[slot] = v;
}

static void take(Node *state, int32_t *first, int32_t v) {
    int32_t before = state[v].before, after = state[v].after;
    if (before < 0) first[-before - 1] = after; else state[before].after = after;
    if (after >= 0) state[after].before = before;
    state[v].before = FREE;
}

/* From one source to every node, or until `wanted` marked nodes are final. Times must stay within one horizon (70 min). */
int tree(int32_t n, const int32_t *starts, const int32_t *heads, const int32_t *times, int32_t source, int32_t shift,
         Node *state, int32_t *first, const uint8_t *marks, int32_t wanted) {
    for (int32_t v = 0; v < n; v++) { state[v].time = NEVER; state[v].arc = -1; state[v].before = FREE; }
    for (int32_t slot = 0; slot < SLOTS; slot++) first[slot] = -1;
    state[source].time = 0;
    put(state, first, source, 0);
    int64_t queued = 1, hits = 0;
    for (int64_t bucket = 0; queued > 0 && (wanted == 0 || hits < wanted); bucket++) {
        int32_t slot = bucket & (SLOTS - 1);
        while (first[slot] >= 0) {
            int32_t v = first[slot];
            first[slot] = -1;
            while (v >= 0) {
                int32_t after = state[v].after;
                state[v].before = FREE;
                queued--;
                if (wanted) hits += marks[v];
                int64_t base = state[v].time;
                for (int32_t a = starts[v]; a < starts[v + 1]; a++) {
                    int32_t w = heads[a];
                    int64_t t = base + times[a], old = state[w].time;
                    if (t < old) {
                        if (state[w].before == FREE) {
                            queued++;
                            put(state, first, w, (t >> shift) & (SLOTS - 1));
                        } else if (old >> shift != t >> shift) {
                            take(state, first, w);
                            put(state, first, w, (t >> shift) & (SLOTS - 1));
                        }
                        state[w].time = (int32_t)t;
                        state[w].arc = a;
                    } else if (t == old && a < state[w].arc) {
                        state[w].arc = a;
                    }
                }
                v = after;
            }
        }
    }
    return (int)hits;
}
