"""Terms of use of well-known services, for answers that came from one of them.

Only `teacher.licence` names these; model cards do not. They change often, so each entry has a date.
"""

from stillroom.teachers.licences.terms import Terms

SERVICES: dict[str, Terms] = {
    "openai-terms": Terms(
        name="OpenAI Services Agreement",
        verdict="forbidden",
        says="answers may not be used to develop models that compete with OpenAI's; classifiers "
        "and embeddings are excepted where they are not given or sold to others",
        source="in force from 2026-01-01, section 3.3(e) and the definition of its exception; the "
        "Terms of Use of the same day say the former",
        link="https://openai.com/policies/services-agreement/",
    ),
    "anthropic-terms": Terms(
        name="Anthropic Commercial Terms of Service",
        verdict="forbidden",
        says="the service may not be used to build a competing product, training competing models "
        "included, unless Anthropic approves",
        source="in force from 2025-06-17, section D.4",
        link="https://www.anthropic.com/legal/commercial-terms",
    ),
    "gemini-terms": Terms(
        name="Gemini API Additional Terms of Service",
        verdict="forbidden",
        says="the service may not be used to develop models that compete with it",
        source="in force from 2026-03-23, the section on use restrictions",
        link="https://ai.google.dev/gemini-api/terms",
    ),
    "xai-terms": Terms(
        name="xAI Terms of Service",
        verdict="forbidden",
        says="answers may not be used to develop models or services that compete with xAI, nor to "
        "distil",
        source="the section on prohibited uses, as of 2026",
        link="https://x.ai/legal/terms-of-service",
    ),
    "mistral-terms": Terms(
        name="Mistral AI Commercial Terms of Service",
        verdict="conditions",
        says="images may not train a competing image generator; training on text is not mentioned, "
        "and finding out the models' weights by their answers is forbidden",
        source="in force from 2026-09-25, sections 2.2(d) and 3.3",
        conditions=("Train no competing image generator on images from it.",),
        link="https://legal.mistral.ai/terms/commercial-terms-of-service",
    ),
    "deepseek-terms": Terms(
        name="DeepSeek Open Platform Terms of Service",
        verdict="allowed",
        says="answers may be used to train other models; distillation is named",
        source="in force from 2026-04-29, section 4.2(3)",
        link="https://cdn.deepseek.com/policies/en-US/deepseek-open-platform-terms-of-service.html",
    ),
    "cohere-terms": Terms(
        name="Cohere SaaS Agreement and Terms of Use",
        verdict="unknown",
        says="what they say of training on answers has not been read for this table",
        source="not read",
        link="https://cohere.com/saas-agreement",
    ),
}
