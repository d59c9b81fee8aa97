"""The named patterns of prompt injection. All are linear in the text's length: every repetition is bounded."""

# ruff: noqa: E501 - a regular expression cut in pieces is harder to read than a long one

import re
from dataclasses import dataclass

_TOLD = r"(?:instruct\w{0,8}|prompts?|rules?|directi(?:ves?|ons?)|orders?|guidelines?|commands?|restrictions?|messages?|polic(?:y|ies)|programming)"
_BEFORE = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|former|initial|original|existing|current|given|system|safety)"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One recognisable attack. `in_documents`: also a sign of injection when it stands in a retrieved passage."""

    name: str
    meaning: str
    regex: re.Pattern[str]
    in_documents: bool = True


def _pattern(name: str, meaning: str, *alternatives: str, in_documents: bool = True) -> Pattern:
    return Pattern(
        name, meaning, re.compile("|".join(f"(?:{one})" for one in alternatives), re.MULTILINE), in_documents
    )


PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "ignore-instructions",
        "asks to ignore what the model was told",
        rf"\b(?:ignor\w{{1,3}}|disregard\w{{0,3}}|overlook|skip|override|bypass|neglect|cancel|drop|do not follow|don'?t follow|stop following)\b.{{0,30}}\b(?:{_BEFORE}|(?:all|any|every|these|those|your|my|the) (?:of )?(?:your |my |the |these |those )?{_BEFORE}|your|all your) (?:\w{{1,15}} ){{0,2}}{_TOLD}\b",
        r"\b(?:ignore|disregard) (?:everyth?ing|all|anything|what) .{0,25}(?:told|said|above|before|instruct|learned)",
        r"\b(?:ignore|disregard) (?:all |everything )?(?:of )?the above\b",
        r"\bignore (?:the|this|that) \w{1,20} and (?:just |instead |only )?(?:state|say|print|output|respond|reply|write|indicate|do)\b",
        r"(?:ignore|disregard|forget)(?:all|any|the|your|my|of){0,3}(?:previous|prior|above)(?:instructions|rules|prompts)",
    ),
    _pattern(
        "forget-rules",
        "asks to forget rules or the conversation",
        rf"\bforget\b.{{0,20}}\b(?:{_BEFORE}|your|all|those|these)\b.{{0,20}}{_TOLD}\b",
        r"\bforget (?:about )?(?:everything|all|anything|what) .{0,30}(?:told|said|know|learn|above|before|was written)",
        r"\bforget everything\b",
    ),
    _pattern(
        "ignore-instructions-translated",
        "asks in another language to ignore what the model was told",
        r"\b(?:ignor\w{1,6}|olvid\w{1,4}|oubli\w{1,4}|vergiss|vergessen sie|ignorier\w{1,3}|esque\w{1,4}|dimentic\w{1,4}|desconsider\w{1,4}|missacht\w{1,4})\b.{0,25}\b(?:instruc\w{3,8}|istruzion\w|anweisung\w{0,2}|regeln|regras|reglas|regles|consignes|befehle|directives|indicaciones|indicazioni)\b",
        r"忽略.{0,10}(?:指令|指示|说明|提示|规则)",
        r"(?:これまで|以前|前)の(?:指示|命令).{0,6}(?:無視|忘れ)",
        r"(?:забудь|игнорируй|не обращай внимания).{0,25}(?:инструкц|указан|правил)",
    ),
    _pattern(
        "new-instructions",
        "claims to bring new instructions",
        rf"\b(?:new|updated|revised|real|actual|true|important) (?:\w{{1,12}} )?{_TOLD}\s*:",
        r"\bnew instructions? (?:is|are|follow)",
        r"\b(?:your (?:new|real|actual|true) (?:task|goal|job|role|objective|purpose|instructions?) (?:is|are))\b",
        r"\bfrom now on,? (?:you|your|answer|respond|reply|act|always|only|every)\b.{0,40}\b(?:will|must|are|shall|act|respond|answer|only|as)\b",
        r"\binstead,? (?:of (?:that|this|answering).{0,30})?(?:say|print|output|reply with|respond with|write) ['\"“]",
    ),
    _pattern(
        "role-change",
        "tells the model to be somebody else",
        r"\byou are (?:now|no longer|going to be|actually)\b.{0,60}\b(?:ai|assistant|model|bot|chatbot|dan|persona|character|unrestricted|evil|hacker|terminal|free|bound|limited|restricted|admin\w{0,9}|developer|root)\b",
        r"\b(?:act|behave|respond|answer|speak|operate) (?:as|like) (?:if you (?:are|were|had|have) |though you )?(?:an? |the |my )?(?:\w{1,15} ){0,2}(?:unrestricted|unfiltered|uncensored|evil|jailbroken|amoral|dan|linux terminal|root|administrator|developer mode|no (?:rules|restrictions|limits))\b",
        r"\bpretend (?:that )?(?:you(?: a|'?)re|to be|you have|there are) .{0,50}(?:no (?:rules|restrictions|limits|filter|guidelines)|(?:unrestricted|unfiltered|uncensored|evil) (?:ai|assistant|model|bot|chatbot)|not an ai)",
        r"\byou (?:are|were) (?:an? )?(?:unrestricted|unfiltered|uncensored|jailbroken|evil) ",
    ),
    _pattern(
        "jailbreak-persona",
        "uses a well-known jailbreak",
        r"\bdo anything now\b",
        r"\b(?:you are|act as|become|enable|be|as|called|stay in) (?:a |the )?(?:dan|stan|dude|aim|devmode)\b(?! (?:smith|brown|jones))",
        r"\b(?:enable|enter|activate|switch (?:in)?to|you are in|go into|turn on|now in|simulate) (?:the )?(?:developer|debug|god|jailbreak|admin|sudo|root|maintenance|unrestricted|unlocked|dan|system|dev) ?mode\b",
        r"\b(?:ai|gpt|assistant|model) (?:that |which |and )?(?:has |with |without )(?:been freed|no special filter\w{0,3}|no (?:ethical|moral|safety) (?:rules|limits|guidelines|restrictions))",
        r"\b(?:opposite|evil twin|anti-?gpt) mode\b",
    ),
    _pattern(
        "safety-bypass",
        "asks to work without safeguards",
        r"\b(?:bypass|disable|turn off|remove|circumvent|switch off|deactivate|evade|get around) (?:all |any )?(?:your|its|the (?:model|assistant|ai|chatbot)'?s?) (?:\w{1,12} ){0,2}(?:safety|safeguards?|filters?|restrictions?|guardrails?|rules|limitations|censorship|guidelines|moderation|ethic\w{0,5})",
        r"\bwithout (?:any )?(?:ethical|moral|safety|content) (?:restrictions?|filters?|guidelines|limitations|considerations?)",
        r"\b(?:no longer|not) (?:bound|limited|constrained|restricted) by (?:your |any |the |its )?(?:\w{1,12} )?(?:rules|guidelines|policies|restrictions|programming|ethics)",
    ),
    _pattern(
        "prompt-leak",
        "asks for the model's own instructions",
        r"\b(?:reveal|show|print|repeat|display|output|tell me|give me|share|expose|leak|write|recite|copy|dump|what (?:is|are|were|was)|what'?s)\b.{0,30}\b(?:your|the|my) (?:\w{1,12} )?(?:system|initial|original|hidden|secret|full|first|entire|complete|developer|internal) (?:\w{1,12} )?(?:prompts?|instructions?|messages?|rules|guidelines|configuration)\b",
        r"\b(?:reveal|show|print|repeat|output|recite|leak|dump) (?:me )?(?:all )?your (?:prompts?|instructions?|rules|guidelines)\b",
        r"\brepeat (?:everything|all|the (?:words|text)|every word).{0,20}(?:above|before|verbatim|so far)\b",
        r"\bwhat (?:were|are) you (?:told|instructed|programmed) (?:to|not to|before|above)\b",
        r"\b(?:the text|everything) (?:above|before) (?:this|starting with) .{0,30}(?:you are|in (?:a )?code)",
    ),
    _pattern(
        "secret-leak",
        "asks for the service's own secrets",
        r"\b(?:your|the system'?s?|system|the server'?s?|our system'?s?) (?:\w{1,12} )?(?:secret(?: key| code| word)?|password|passphrase|api[- ]?keys?|credentials|access tokens?|private keys?|environment variables)\b(?! (?:manager|policy|policies|reset|rules?|requirements?|rotation|expir\w{1,5}|length|store|storage|must|should|needs?|strength|protect\w{0,4}|change|management|field|hash\w{0,3}|used|for|is (?:lost|wrong|expired|locked)))",
        r"\b(?:reveal|leak|print|dump|exfiltrate|show me|tell me|give me) (?:me )?(?:the |all )?(?:\w{1,12} )?(?:secret keys?|api[- ]?keys?|passwords|credentials|env(?:ironment)? variables)\b",
    ),
    _pattern(
        "fake-message",
        "imitates the markup of a conversation or a message of the system",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|?>?",
        r"\[/?inst\]|<</?sys>>|<(?:/)?(?:system|assistant)(?:_?prompt)?>",
        r"^\s{0,8}(?:#{1,4} ?|\[|\*\*|-{2,} ?)?(?:system|assistant|developer)(?: (?:message|prompt|note|override|update))?(?:\]|\*\*)? ?: ?(?!requirements|design|analysis|name)(?:you|the|ignore|new|from|please|do|always|never|user|override|execute|security|admin|enter|print|respond|sure|ok|i )",
        r"<(?:god|system|admin|root|developer|debug|maintenance|override) mode>|\bentering (?:\w{1,15} ){0,3}override mode\b",
        r"\[?\b(?:system|admin|root) (?:override|mode (?:enabled|activated|on))\b",
        r"\b(?:end of|begin|start) (?:system )?(?:prompt|instructions|context)\b ?[\])>-]",
    ),
    _pattern(
        "false-authority",
        "claims rights by claiming to be somebody",
        r"\b(?:i am|i'm|this is|as) (?:your|the|an?) (?:\w{1,12} )?(?:developer|creator|administrator|admin|programmer|owner|engineer|security team|openai|root user|superuser)\b.{0,80}\b(?:you must|i order|i need you to|grant|give me|tell me|show me|unlock|disable|override|access|reveal|bypass|password|authori[sz]e)",
        r"\b(?:sudo|root|admin) (?:mode|access)\b.{0,20}\b(?:granted|enabled|activated|unlocked)\b",
    ),
    _pattern(
        "cross-tenant",
        "asks for another tenant's data",
        r"\b(?:show|list|give|get|read|fetch|dump|access|search|query|retrieve|print|switch to|tell me|summari[sz]e|what)\b.{0,40}\b(?:another|other|different|all|every|each) (?:tenants?|organi[sz]ations?'|customers?'|compan(?:y|ies)')'?s?'? ?(?:\w{1,12} )?(?:data|documents?|files?|index\w{0,3}|records?|secrets?|handbooks?|answers?|information)\b",
        r"\b(?:documents?|data|index|files?|records?|secrets?|handbooks?) (?:of|from|for|belonging to) (?:another|other|different|all|every) tenants?\b",
        r"\btenant[_ -]?id ?(?:=|:|to) ?['\"]?[a-z*%]",
        r"\bchange (?:the |your |my )?tenant\b",
    ),
    _pattern(
        "output-hijack",
        "dictates what the answer must say instead of asking",
        r"\b(?:respond|reply|answer|say) (?:only |just |exactly |simply )?(?:with |by saying )?(?:the (?:word|phrase|text|sentence) )?['\"“](?:.{1,60})['\"”]? (?:to|for) (?:every|all|any)",
        r"\b(?:start|begin|end|finish|preface|prefix) (?:your|every|each|all) (?:\w{1,12} )?(?:answers?|responses?|repl(?:y|ies)|messages?|sentences?)\b.{0,10}\b(?:with|by)\b",
        r"\b(?:i have been|i've been|you have been|haha,? )(?: ?)(?:pwned|hacked|owned|jailbroken)\b",
        r"\b(?:state|say|claim|pretend|indicate|print) that the (?:output|answer|result|capital|password) is\b",
        r"\b(?:do not|don't|never) (?:tell|inform|mention|alert|notify|reveal).{0,20}\b(?:the user|anyone|the reader)\b",
    ),
    _pattern(
        "exfiltration",
        "tries to carry data out through a link or an image",
        r"!\[[^\]\n]{0,200}\]\(\s{0,5}https?://",
        r"<img[^>\n]{0,200}src ?= ?['\"]?https?://",
        r"\b(?:send|post|upload|forward|append|transmit|exfiltrate|leak|email)\b.{0,60}\b(?:conversation|context|documents?|data|sources?|history|credentials|answers?|prompt|secrets?|passwords?)\b.{0,40}\b(?:to|at) (?:https?://|[\w.+-]{1,64}@)",
    ),
    _pattern(
        "encoded-instructions",
        "asks to decode something and obey it",
        r"\b(?:decode|decipher|decrypt|translate|unscramble|rot13|base64)\b.{0,60}\b(?:and|then) (?:then )?(?:follow|execute|obey|run|do what|act on|perform|carry out|comply|answer it|respond to it)\b",
        r"\b(?:follow|execute|obey|carry out) (?:the |these |this )?(?:\w{1,12} )?(?:base64|encoded|rot13|hidden|reversed|decoded) (?:instructions?|message|text|commands?)\b",
    ),
    _pattern(
        "sql-injection",
        "looks like SQL that breaks out of a query",
        r"['\"][\s)]{0,5}(?:or|and)[\s(]{1,5}['\"(]{0,4}[\w']{1,12}['\")]{0,3}\s{0,3}(?:=|like\s{0,3}['\"]|<|>)\s{0,3}['\"(]{0,4}\w{0,12}",
        r"\bunion(?:\s|/\*.{0,20}\*/|\+|%20){1,5}(?:all(?:\s|\+|%20){1,5})?select\b(?:\s|\+|%20|\()",
        r"['\";)]\s{0,5};?\s{0,5}(?:drop|alter|truncate|delete from|insert into|update \w{1,30} set|exec(?:ute)?|shutdown)\b.{0,60}(?:--|;|#|table|database|xp_)",
        r"\b(?:sleep|benchmark|pg_sleep|waitfor delay|xp_cmdshell|load_file|extractvalue|updatexml)\s{0,3}[('].{0,60}(?:--|#|/\*|\)\s{0,3}and|$)",
        r"(?:^|\s)(?:or|and) \(?['\"]?\d{1,6}['\"]? ?= ?['\"]?\d{1,6}['\"]?\)?",
        in_documents=False,
    ),
)
