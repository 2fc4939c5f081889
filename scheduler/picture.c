/* SPDX-License-Identifier: Apache-2.0 */
/* picture.c - see picture.h */
#include "scheduler/picture.h"

#include <stdio.h>
#include <string.h>

/* False for names that are too long to be any. */
static bool make_key(const struct figure_request *request, enum plot_format format,
                     char key[PICTURE_KEY_SIZE])
{
    int size = snprintf(key, PICTURE_KEY_SIZE, "%d %d %s/%s", (int)format, request->log_y,
                        request->hist == NULL ? "" : request->hist,
                        request->channel == NULL ? "" : request->channel);
    return size > 0 && size < PICTURE_KEY_SIZE;
}

/* The one of this key, else the one that was not used for longest. */
static struct picture *find_place(struct pictures *p, const char *key)
{
    struct picture *oldest = &p->kept[0];
    for (size_t i = 0; i < PICTURES_KEPT; i++) {
        if (strcmp(p->kept[i].key, key) == 0) {
            return &p->kept[i];
        }
        oldest = p->kept[i].used < oldest->used ? &p->kept[i] : oldest;
    }
    return oldest;
}

static int draw_numbers(const struct look *l, const struct figure_request *request,
                        struct buffer *out, struct error *err)
{
    json_t *numbers = figure_to_json(l->run, &l->merge, request, err);
    int rc = numbers == NULL ? -1 : json_write_canonical(numbers, out, err);
    json_decref(numbers);
    return rc;
}

static int draw_picture(const struct look *l, const struct figure_request *request,
                        enum plot_format format, struct buffer *out, struct error *err)
{
    struct buffer svg = {0};
    int rc = figure_draw(l->run, &l->merge, request, &svg, NULL, err);
    rc = rc == 0 ? plot_render(svg.data, svg.size, format, PLOT_PNG_SCALE, out, err) : rc;
    buffer_release(&svg);
    return rc;
}

const struct buffer *pictures_draw(struct pictures *p, const struct look *l,
                                   const struct figure_request *request,
                                   enum plot_format format, struct error *err)
{
    char key[PICTURE_KEY_SIZE];
    if (!make_key(request, format, key)) {
        (void)error_set(err, ERROR_INPUT, "there is no such histogram");
        return NULL;
    }
    struct picture *place = find_place(p, key);
    place->used = ++p->n_calls;
    bool is_now = place->ledger == l->ledger && place->sequence == l->merge.sequence;
    if (is_now && strcmp(place->key, key) == 0) {
        return &place->data;
    }
    place->key[0] = '\0';
    buffer_clear(&place->data);
    int rc = format == PLOT_FORMATS ? draw_numbers(l, request, &place->data, err)
                                    : draw_picture(l, request, format, &place->data, err);
    rc = rc == 0 && place->data.failed ? error_no_memory(err, "a picture") : rc;
    if (rc != 0) {
        buffer_release(&place->data);
        place->data = (struct buffer){.data = NULL}; /* and not failed any more */
        return NULL;
    }
    memcpy(place->key, key, sizeof key);
    place->ledger = l->ledger;
    place->sequence = l->merge.sequence;
    return &place->data;
}

void pictures_release(struct pictures *p)
{
    for (size_t i = 0; i < PICTURES_KEPT; i++) {
        buffer_release(&p->kept[i].data);
        p->kept[i].key[0] = '\0';
    }
}
