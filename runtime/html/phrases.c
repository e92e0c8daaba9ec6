/* Short lines that pages put around a text and that belong to no text. */
#include "runtime/html/html_private.h"

#define LINE_MAX_BYTES 160

/* A line is junk when it is one of these, in small letters without marks at its end. */
static const char *const whole[] = {
    "ad",
    "ads",
    "advertisement",
    "advertisements",
    "advertising",
    "advertise with us",
    "article continues below",
    "story continues below",
    "continue reading",
    "continue reading the main story",
    "read more",
    "read more here",
    "read the full story",
    "show more",
    "see more",
    "load more",
    "more",
    "share",
    "share this",
    "share this article",
    "share this post",
    "share this story",
    "share on",
    "share via",
    "share this page",
    "share on facebook",
    "share on twitter",
    "share on x",
    "share on linkedin",
    "share on whatsapp",
    "tweet",
    "facebook",
    "twitter",
    "linkedin",
    "whatsapp",
    "pinterest",
    "reddit",
    "email",
    "e-mail",
    "copy link",
    "link copied",
    "print",
    "print this page",
    "save",
    "bookmark",
    "like this",
    "like loading",
    "like",
    "reply",
    "comment",
    "comments",
    "no comments",
    "leave a comment",
    "leave a reply",
    "post a comment",
    "add a comment",
    "add comment",
    "join the conversation",
    "view comments",
    "show comments",
    "join the discussion",
    "comments are closed",
    "related",
    "related articles",
    "related posts",
    "related stories",
    "related content",
    "related topics",
    "related news",
    "related links",
    "recommended",
    "recommended for you",
    "you may also like",
    "you might also like",
    "more from this author",
    "more on this story",
    "more stories",
    "more news",
    "more like this",
    "also read",
    "read also",
    "read next",
    "up next",
    "trending",
    "trending now",
    "most popular",
    "most read",
    "popular posts",
    "recent posts",
    "latest news",
    "top stories",
    "tags",
    "topics",
    "categories",
    "filed under",
    "posted in",
    "subscribe",
    "subscribe now",
    "sign up",
    "sign in",
    "log in",
    "newsletter",
    "subscribe to our newsletter",
    "sign up for our newsletter",
    "follow us",
    "follow us on",
    "back to top",
    "top",
    "skip to content",
    "skip to main content",
    "menu",
    "search",
    "home",
    "previous",
    "next",
    "previous post",
    "next post",
    "previous article",
    "next article",
    "older posts",
    "newer posts",
    "prev",
    "loading",
    "close",
    "advertisement feature",
    "edit",
    "edit this page",
    "edit on github",
    "improve this page",
    "report this ad",
    "report an error",
    "was this page helpful",
    "was this helpful",
    "on this page",
    "in this article",
    "table of contents",
    "contents",
    "toggle navigation",
    "open in app",
    "listen",
    "listen to this article",
    "click here to subscribe",
    "thanks for reading",
    "image source",
    "photo",
    "getty images",
    "all rights reserved",
    "copy",
    "copied",
    "download pdf",
    "view source",
    "view all",
    "see all",
    /* German, French, Spanish, Italian, Portuguese, Dutch */
    "anzeige",
    "werbung",
    "teilen",
    "drucken",
    "mehr zum thema",
    "weiterlesen",
    "lesen sie auch",
    "kommentare",
    "kommentar schreiben",
    "startseite",
    "zurück",
    "weiter",
    "nach oben",
    "das könnte sie auch interessieren",
    "auch interessant",
    "publicité",
    "partager",
    "imprimer",
    "lire aussi",
    "à lire aussi",
    "commentaires",
    "articles liés",
    "lire la suite",
    "sur le même sujet",
    "publicidad",
    "compartir",
    "imprimir",
    "lee también",
    "leer más",
    "comentarios",
    "noticias relacionadas",
    "te puede interesar",
    "pubblicità",
    "condividi",
    "stampa",
    "leggi anche",
    "commenti",
    "articoli correlati",
    "publicidade",
    "compartilhar",
    "partilhar",
    "leia também",
    "leia mais",
    "comentários",
    "saiba mais",
    "advertentie",
    "delen",
    "lees ook",
    "lees meer",
    "reacties",
    "gerelateerde artikelen",
    /* Russian, Chinese, Japanese */
    "реклама",
    "поделиться",
    "читайте также",
    "комментарии",
    "подписаться",
    "广告",
    "分享",
    "相关阅读",
    "相关文章",
    "相关新闻",
    "评论",
    "广告位",
    "打印",
    "上一篇",
    "下一篇",
    "返回顶部",
    "広告",
    "シェア",
    "シェアする",
    "関連記事",
    "コメント",
    "続きを読む",
};

/* A short line that begins so is junk. */
static const char *const starts[] = {
    "share this",
    "share on ",
    "tags:",
    "tagged:",
    "tagged with",
    "tagged in",
    "filed under",
    "posted in ",
    "posted under",
    "categories:",
    "category:",
    "read more:",
    "read also:",
    "also read:",
    "related:",
    "see also:",
    "read next:",
    "more:",
    "follow us on",
    "sign up for",
    "sign up to",
    "subscribe to",
    "copyright ©",
    "© ",
    "copyright (c)",
    "all rights reserved",
    "image credit",
    "photo credit",
    "photo by ",
    "image source:",
    "photo:",
    "image:",
    "photograph:",
    "image by ",
    "last updated",
    "last modified",
    "published on ",
    "posted on ",
    "updated on ",
    "published:",
    "updated:",
    "click here to",
    "leave a comment",
    "this entry was posted",
    "this article was originally published",
    "this post was originally published",
    "advertisement",
    "next:",
    "previous:",
    "next post:",
    "previous post:",
    "don't miss",
    "download our app",
    "join our ",
    "listen to this",
    "bookmark the permalink",
    "lesen sie auch:",
    "lire aussi",
    "lee también",
    "leggi anche",
    "leia também",
    "lees ook",
    "читайте также",
    "mehr zum thema",
    "相关阅读",
    "責任編集",
    "责任编辑",
    "编辑：",
    "来源：",
    "get the latest",
    "you must be logged in",
    "enjoyed this",
    "like this article",
    "support our ",
};

static size_t fold(struct mr_str line, char out[LINE_MAX_BYTES + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < line.len && n < LINE_MAX_BYTES; i++) {
        char c = line.ptr[i];
        /* Typographic apostrophe. */
        if (c == '\xe2' && i + 2 < line.len && line.ptr[i + 1] == '\x80' &&
            line.ptr[i + 2] == '\x99') {
            c = '\'';
            i += 2;
        }
        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    while (n && strchr(" .:!?>-+|*", out[n - 1]))
        n--;
    out[n] = 0;
    return n;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A year, or a time of day. */
static bool has_date(const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        bool starts_number = digit(s[i]) && (i == 0 || !digit(s[i - 1]));
        if (!starts_number)
            continue;
        size_t n = strspn(s + i, "0123456789");
        if (n == 4 && ((s[i] == '1' && s[i + 1] == '9') || (s[i] == '2' && s[i + 1] == '0')))
            return true;
        if (n <= 2 && s[i + n] == ':' && digit(s[i + n + 1]) && digit(s[i + n + 2]))
            return true;
    }
    return false;
}

bool html_is_meta_line(struct mr_str line)
{
    static const char *const begins[] = {
        "by ", "from ", "written by", "posted by", "published", "updated",  "von ", "par ", "por ",
        "di ", "door ", "автор",      "text: ",    "words by",  "story by", "作者", "记者", "文/"};
    static const char *const parts[] = {"min read",  "minute read",  "minutes read",
                                        "min. read", " ago",         "views",
                                        "comments",  "reading time", "lesezeit"};
    if (line.len == 0 || line.len > LINE_MAX_BYTES)
        return false;
    char text[LINE_MAX_BYTES + 1];
    size_t n = fold(line, text);
    if (has_date(text) && n < 120)
        return true;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        if (n < 90 && strncmp(text, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (n < 60 && strstr(text, parts[i]))
            return true;
    }
    return false;
}

bool html_is_junk_line(struct mr_str line)
{
    if (line.len == 0 || line.len > LINE_MAX_BYTES)
        return false;
    char folded[LINE_MAX_BYTES + 1];
    fold(line, folded);
    const char *text = folded + strspn(folded, " -|*<+");
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(text, whole[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

/* The text in small letters, cut at size - 1 bytes. */
static void lower_case(struct mr_str line, char *out, size_t size)
{
    size_t n = 0;
    for (; n < line.len && n + 1 < size; n++)
        out[n] = line.ptr[n] >= 'A' && line.ptr[n] <= 'Z' ? (char)(line.ptr[n] + 32) : line.ptr[n];
    out[n] = 0;
}

bool html_is_notice(struct mr_str line)
{
    static const char *const parts[] = {
        "we use cookies",
        "uses cookies",
        "use of cookies",
        "our use of cookies",
        "cookie policy",
        "cookie settings",
        "cookies and similar",
        "cookies to improve",
        "cookies to ensure",
        "enable javascript",
        "javascript is disabled",
        "javascript disabled",
        "requires javascript",
        "javascript to run",
        "your browser does not support",
        "outdated browser",
        "using an ad blocker",
        "disable your ad",
        "adblock",
        "verwendet cookies",
        "nutzt cookies",
        "verwenden cookies",
        "utilise des cookies",
        "utilisons des cookies",
        "utiliza cookies",
        "utilizamos cookies",
        "utilizza cookie",
        "gebruikt cookies",
        "gebruiken cookies",
    };
    char text[800];
    lower_case(line, text, sizeof text);
    if (!strstr(text, "cookie") && !strstr(text, "javascript") && !strstr(text, "browser") &&
        !strstr(text, "ad blocker") && !strstr(text, "adblock") && !strstr(text, "disable your ad"))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strstr(text, parts[i]))
            return true;
    }
    return false;
}

/* Parts of a last paragraph that is about the author, the agency or the rights. */
static const char *const remarks[] = {
    "contributed to this",
    "contributed reporting",
    "contributing to this",
    "reporting by",
    "editing by",
    "additional reporting",
    "follow him on",
    "follow her on",
    "follow them on",
    "follow us on",
    "reach him at",
    "reach her at",
    "can be reached at",
    "reach the author",
    "is a staff writer",
    "is a freelance",
    "is a reporter",
    "is a senior reporter",
    "is a writer",
    "is the author of",
    "is an author",
    "is a journalist",
    "is a columnist",
    "is a contributor",
    "is an editor",
    "is a senior editor",
    "is a software engineer",
    "covers ",
    "subscribe to",
    "sign up for",
    "sign up to",
    "our newsletter",
    "all rights reserved",
    "may not be published",
    "without permission",
    "originally appeared",
    "originally published",
    "first published",
    "first appeared",
    "this article was",
    "this story was",
    "this post was",
    "appeared in print",
    "read our",
    "download the app",
    "follow me on",
    "if you enjoyed",
    "if you liked",
    "thanks for reading",
    "leave a comment",
    "join us on",
    "support us",
    "buy me a coffee",
    "become a member",
    "send tips",
    "have a tip",
    "email us",
    "e-mail us",
    "got a story",
    "a version of this",
    "copyright ",
    "\xc2\xa9",
    "opinions expressed",
    "views expressed",
    "views of the author",
    "press association",
    "(reuters)",
    "(afp)",
    "alle rechte vorbehalten",
    "tous droits r\xc3\xa9serv",
    "todos los derechos",
    "\xe7\x89\x88\xe6\x9d\x83",
    "\xe8\xb4\xa3\xe4\xbb\xbb\xe7\xbc\x96\xe8\xbe\x91",
};

bool html_is_closing_remark(struct mr_str line)
{
    char text[700];
    if (line.len >= sizeof text)
        return false;
    lower_case(line, text, sizeof text);
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++) {
        if (strstr(text, remarks[i]))
            return true;
    }
    return false;
}
