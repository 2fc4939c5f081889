/* SPDX-License-Identifier: Apache-2.0 */
/* plot_render.c - see plot.h: the SVG as PNG or PDF. A build without PICOBARN_WITH_RENDER needs
 * neither librsvg nor cairo (nor fonts) and draws SVG only. */
#include "base/size.h"
#include "scheduler/plot.h"

static const char *const format_name[PLOT_FORMATS] = {"svg", "png", "pdf"};

const char *plot_format_name(enum plot_format format)
{
    return format_name[format];
}

bool plot_can_render(enum plot_format format)
{
#ifdef PICOBARN_WITH_RENDER
    return format < PLOT_FORMATS;
#else
    return format == PLOT_SVG;
#endif
}

static int copy_svg(const void *svg, size_t size, struct buffer *out, struct error *err)
{
    buffer_raw(out, svg, size);
    return out->failed ? error_no_memory(err, "plot") : 0;
}

#ifndef PICOBARN_WITH_RENDER

int plot_render(const void *svg, size_t size, enum plot_format format, double scale,
                struct buffer *out, struct error *err)
{
    (void)scale;
    if (format != PLOT_SVG) {
        return error_set(err, ERROR_INPUT, "this build draws SVG only");
    }
    return copy_svg(svg, size, out, err);
}

#else

#include <cairo-pdf.h>
#include <cairo.h>
#include <librsvg/rsvg.h>
#include <math.h>

/* cairo's limit for a side of an image. */
static const double pixels_max = 32767;

static cairo_status_t append(void *closure, const unsigned char *data, unsigned length)
{
    struct buffer *out = closure;
    buffer_raw(out, data, length);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static int cairo_error(cairo_status_t status, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "drawing: %s", cairo_status_to_string(status));
}

/* The whole picture onto the surface, width by height of its units. */
static int draw(RsvgHandle *handle, cairo_surface_t *surface, const RsvgRectangle *viewport,
                struct error *err)
{
    cairo_t *cairo = cairo_create(surface);
    GError *problem = NULL;
    int rc = 0;
    if (!rsvg_handle_render_document(handle, cairo, viewport, &problem)) {
        rc = error_set(err, ERROR_SYSTEM, "drawing: %s",
                       problem == NULL ? "librsvg failed" : problem->message);
        g_clear_error(&problem);
    } else if (cairo_status(cairo) != CAIRO_STATUS_SUCCESS) {
        rc = cairo_error(cairo_status(cairo), err);
    }
    cairo_destroy(cairo);
    return rc;
}

static int render_png(RsvgHandle *handle, const RsvgRectangle *viewport, struct buffer *out,
                      struct error *err)
{
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)viewport->width, (int)viewport->height);
    int rc = draw(handle, surface, viewport, err);
    if (rc == 0) {
        cairo_status_t status = cairo_surface_write_to_png_stream(surface, append, out);
        rc = status == CAIRO_STATUS_SUCCESS ? 0 : cairo_error(status, err);
    }
    cairo_surface_destroy(surface);
    return rc;
}

static int render_pdf(RsvgHandle *handle, const RsvgRectangle *viewport, struct buffer *out,
                      struct error *err)
{
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(append, out, viewport->width, viewport->height);
    /* No time in it: the same plot gives the same file. */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    int rc = draw(handle, surface, viewport, err);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    if (rc == 0 && status != CAIRO_STATUS_SUCCESS) {
        rc = cairo_error(status, err);
    }
    cairo_surface_destroy(surface);
    return rc;
}

static int render(RsvgHandle *handle, enum plot_format format, double scale, struct buffer *out,
                  struct error *err)
{
    double width = 0;
    double height = 0;
    rsvg_handle_set_dpi(handle, 96);
    if (!rsvg_handle_get_intrinsic_size_in_pixels(handle, &width, &height)) {
        return error_set(err, ERROR_INPUT, "the SVG does not say its size");
    }
    /* A PDF is measured in points, 72 an inch; an SVG unit is 1/96 inch. */
    double factor = format == PLOT_PDF ? 0.75 : scale;
    RsvgRectangle viewport = {.width = round(width * factor), .height = round(height * factor)};
    if (!(viewport.width >= 1 && viewport.width <= pixels_max && viewport.height >= 1 &&
          viewport.height <= pixels_max)) {
        return error_set(err, ERROR_INPUT, "a picture of %g x %g pixels at scale %g",
                         viewport.width, viewport.height, scale);
    }
    return format == PLOT_PDF ? render_pdf(handle, &viewport, out, err)
                              : render_png(handle, &viewport, out, err);
}

int plot_render(const void *svg, size_t size, enum plot_format format, double scale,
                struct buffer *out, struct error *err)
{
    if (format == PLOT_SVG) {
        return copy_svg(svg, size, out, err);
    }
    GError *problem = NULL;
    RsvgHandle *handle = rsvg_handle_new_from_data(svg, size, &problem);
    if (handle == NULL) {
        int rc = error_set(err, ERROR_INPUT, "SVG: %s",
                           problem == NULL ? "not readable" : problem->message);
        g_clear_error(&problem);
        return rc;
    }
    size_t before = out->size;
    int rc = render(handle, format, scale, out, err);
    g_object_unref(handle);
    if (rc != 0) {
        out->size = before; /* a failed call leaves its arguments as they were */
    }
    return rc;
}

#endif
