/* Which format and compression a file has, by its suffixes; what to do about formats not read. */
#include "connectors/files/files_private.h"

#include <strings.h>

/* clang-format off: tables */
static const struct {
    const char *suffix;
    enum files_format format;
} formats[] = {
    {".jsonl", FORMAT_JSONL},       {".ndjson", FORMAT_JSONL}, {".json", FORMAT_JSON},
    {".csv", FORMAT_CSV},           {".tsv", FORMAT_TSV},      {".tab", FORMAT_TSV},
    {".txt", FORMAT_TEXT},          {".text", FORMAT_TEXT},    {".md", FORMAT_MARKDOWN},
    {".markdown", FORMAT_MARKDOWN}, {".html", FORMAT_HTML},    {".htm", FORMAT_HTML},
    {".xhtml", FORMAT_HTML},
};

/* Each with a command that makes something readable of it; %s is the file. */
static const struct {
    const char *suffix, *command;
} unsupported[] = {
    {".parquet", "duckdb -c \"COPY (FROM '%s') TO 'out.jsonl'\""},
    {".arrow", "python3 -m pip install pyarrow pandas, then pandas.read_feather('%s').to_json("
               "'out.jsonl', orient='records', lines=True)"},
    {".feather", "pandas.read_feather('%s').to_json('out.jsonl', orient='records', lines=True)"},
    {".orc", "pandas.read_orc('%s').to_json('out.jsonl', orient='records', lines=True)"},
    {".avro", "avro-tools tojson '%s' > out.jsonl"},
    {".pdf", "pdftotext '%s' out.txt"},
    {".docx", "pandoc -t plain '%s' -o out.txt"},
    {".doc", "libreoffice --headless --convert-to txt '%s'"},
    {".odt", "pandoc -t plain '%s' -o out.txt"},
    {".rtf", "pandoc -t plain '%s' -o out.txt"},
    {".epub", "pandoc -t plain '%s' -o out.txt"},
    {".tex", "pandoc -t plain '%s' -o out.txt"},
    {".xlsx", "libreoffice --headless --convert-to csv '%s'"},
    {".xls", "libreoffice --headless --convert-to csv '%s'"},
    {".ods", "libreoffice --headless --convert-to csv '%s'"},
    {".pptx", "libreoffice --headless --convert-to txt '%s'"},
    {".warc", "warcio extract --payload '%s' 0 > out.html"},
    {".xml", "xmllint --xpath 'string(/)' '%s' > out.txt"},
    {".sqlite", "sqlite3 -csv -header '%s' 'SELECT * FROM table' > out.csv"},
    {".db", "sqlite3 -csv -header '%s' 'SELECT * FROM table' > out.csv"},
    {".zip", "unzip '%s' -d folder"},
    {".tar", "tar -xf '%s' -C folder"},
    {".tgz", "tar -xzf '%s' -C folder"},
    {".bz2", "bzip2 -dc '%s' | zstd > out.zst"},
    {".xz", "xz -dc '%s' | zstd > out.zst"},
    {".lz4", "lz4 -dc '%s' | zstd > out.zst"},
    {".7z", "7z x '%s'"},
    {".pkl", "a script of your own: pickles can run code"},
    {".npy", "numpy.savetxt('out.csv', numpy.load('%s'), delimiter=',')"},
};

/* clang-format on */

static bool ends_with(struct mr_str path, const char *suffix)
{
    size_t len = strlen(suffix);
    return path.len >= len && strncasecmp(path.ptr + path.len - len, suffix, len) == 0;
}

static bool cut(struct mr_str *path, const char *suffix)
{
    if (!ends_with(*path, suffix))
        return false;
    path->len -= strlen(suffix);
    return true;
}

static enum files_codec cut_codec(struct mr_str *path)
{
    if (cut(path, ".gz") || cut(path, ".gzip"))
        return CODEC_GZIP;
    if (cut(path, ".zst") || cut(path, ".zstd"))
        return CODEC_ZSTD;
    return CODEC_NONE;
}

static struct mr_error *refuse(struct mr_str path, const char *suffix, const char *command)
{
    struct mr_buf remedy = {0};
    mr_buf_addz(&remedy, "Convert it first: ");
    const char *hole = strstr(command, "%s");
    if (hole) {
        mr_buf_add(&remedy, command, (size_t)(hole - command));
        mr_buf_adds(&remedy, path);
        mr_buf_addz(&remedy, hole + 2);
    } else {
        mr_buf_addz(&remedy, command);
    }
    struct mr_error *e =
        mr_error(MR_FORMAT_UNSUPPORTED, "\"%.*s\": files of format \"%s\" cannot be read",
                 MR_FMT(path), suffix + 1);
    e = mr_error_remedy(e, "%s", mr_buf_text(&remedy));
    mr_buf_finish(&remedy);
    return e;
}

struct mr_error *mr_files__kind(struct mr_str path, int format, int codec, struct files_kind *out)
{
    struct mr_str stem = path;
    enum files_codec by_name = cut_codec(&stem);
    out->codec = codec == CODEC_AUTO ? by_name : (enum files_codec)codec;
    out->format = (enum files_format)format;
    if (format != FORMAT_AUTO)
        return NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (ends_with(stem, formats[i].suffix)) {
            out->format = formats[i].format;
            return NULL;
        }
    }
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
        if (ends_with(stem, unsupported[i].suffix))
            return refuse(path, unsupported[i].suffix, unsupported[i].command);
    }
    return mr_error(MR_FORMAT_UNKNOWN, "\"%.*s\": the name does not tell the format", MR_FMT(path));
}
