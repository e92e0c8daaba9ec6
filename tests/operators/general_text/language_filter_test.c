/* Tests of general_text.language_filter. */
#include "tests/operators/harness.h"

static const struct mr_case cases[] = {
    {.name = "by every kind of name",
     .set = "allowed_languages=[\"__label__eng_Latn\",\"fra\",\"ru\"]",
     .keys = "input_key=text language_key=l",
     .in = "{\"text\":\"The committee will meet again next week to discuss the results of the su"
           "rvey.\"}\n"
           "{\"text\":\"Le comité se réunira de nouveau la semaine prochaine pour examiner les r"
           "ésultats.\"}\n"
           "{\"text\":\"Комитет соберётся снова на следующей неделе, чтобы обсудить результаты о"
           "проса.\"}",
     .out = "{\"text\":\"The committee will meet again next week to discuss the results of the su"
           "rvey.\",\"l\":\"eng_Latn\",\"language_label\":1}\n"
           "{\"text\":\"Le comité se réunira de nouveau la semaine prochaine pour examiner les r"
           "ésultats.\",\"l\":\"fra_Latn\",\"language_label\":1}\n"
           "{\"text\":\"Комитет соберётся снова на следующей неделе, чтобы обсудить результаты о"
           "проса.\",\"l\":\"rus_Cyrl\",\"language_label\":1}"},
    {.name = "others are dropped",
     .set = "allowed_languages=[\"en\"]",
     .keys = "input_key=text",
     .in = "{\"text\":\"The committee will meet again next week to discuss the results of the su"
           "rvey.\"}\n"
           "{\"text\":\"Комитет соберётся снова на следующей неделе, чтобы обсудить результаты о"
           "проса.\"}",
     .out = "{\"text\":\"The committee will meet again next week to discuss the results of the su"
           "rvey.\",\"language_label\":1}\n"
           "{\"text\":\"Комитет соберётся снова на следующей неделе, чтобы обсудить результаты о"
           "проса.\",\"_outcome\":\"other_language\"}"},
    {.name = "no text, no language",
     .set = "allowed_languages=en",
     .keys = "input_key=text",
     .in = "{\"text\":\"\"}\n"
           "{\"text\":null}\n"
           "{\"text\":\"12345 67\"}",
     .out = "{\"text\":\"\",\"_outcome\":\"no_language\"}\n"
           "{\"text\":null,\"_outcome\":\"no_language\"}\n"
           "{\"text\":\"12345 67\",\"_outcome\":\"no_language\"}"},
    {.name = "control characters and noncharacters do not blind it",
     .set = "allowed_languages=en",
     .keys = "input_key=text",
     .in = "{\"text\":\"\\u0001The committee will meet again next week to discuss the results of"
           " the survey.﷐\"}",
     .out = "{\"text\":\"\\u0001The committee will meet again next week to discuss the results of"
           " the survey.﷐\",\"language_label\":1}"},
    {.name = "an empty list",
     .set = "allowed_languages=[]",
     .keys = "input_key=text",
     .error = "a list of texts of at least 1"},
    {.name = "missing",
     .keys = "input_key=text",
     .error = "allowed_languages"},
    {0}};

MR_OPERATOR_SUITE(general_text, language_filter, cases)
