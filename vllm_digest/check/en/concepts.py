"""English patterns of judgements (`Concept`), in a model's sentence and in a source that supports it."""

import re

from vllm_digest.check.claims import Concept
from vllm_digest.check.language import ConceptPatterns


def _p(words: str) -> re.Pattern[str]:
    """A pattern of any of these alternatives, each at the start of a word."""
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


# `claimed` has the words that models add without a source; look-behinds and look-aheads exclude uses that are
# common in true sentences. `said` has stems, so that other forms of a word support it, too.
CONCEPTS = {
    Concept.DECISION: ConceptPatterns(
        re.compile(
            r"\b(?:it was|they|both|all(?: sides| parties)?|everyone|the (?:team"
            r"|community|maintainers|reviewers|discussion|group|RFC|participants"
            r"|thread))\b[^.;]{0,16}\b(?:decided|settled on|adopted|agreed)\b"
            r"(?! yet)|\bwas (?:finally |eventually )?(?:decided|adopted|agreed (?:on"
            r"|upon))\b|\b(?:reached|found) (?:a )?(?:consensus|agreement)\b",
            re.IGNORECASE,
        ),
        _p(
            r"decid|decision|agree|consensus|go(?:ing)? with|went with|adopt|settle|accept"
            r"|conclu|fine\b|LGTM|sounds good|convinc|fair\b|ok\b|okay|done\b|will do|live with"
            r"|chose|merg"
        ),
    ),
    Concept.EVERYTHING: ConceptPatterns(
        re.compile(
            r"\b(?:all|(?<!not )(?<!not on )(?<!not in )(?<!not for )(?<!ted on )(?<!without )any"
            r"|every|each|whatever)\s(?:of the |the |other |kinds of )?(?:[\w-]+ ){0,2}(?:GPUs?"
            r"|CPUs?|cards?|hardware|platforms?|back-?ends?|architectures?|devices?"
            r"|machines?|models?|environments?|vendors?)\b",
            re.IGNORECASE,
        ),
        _p(
            r"all\b|any\b|every|each\b|whole|entire|always|general|universal|across|both\b"
            r"|regardless|whatever|no matter|independent|agnostic"
        ),
    ),
    Concept.SIGNIFICANCE: ConceptPatterns(
        _p(r"significant|substantial|dramatic|considerab|massive|hugely|vastly"),
        _p(
            r"significan|substantial|large|huge|big|much|considerab|dramatic|massive|great"
            r"|heav|far\b|major|notab|sever|drastic|enormous|lot\b|lots\b|very|way (?:more"
            r"|less|faster|slower)"
            r"|tremendous|seriously|badly"
        ),
    ),
    Concept.TRIUMPH: ConceptPatterns(
        _p(
            r"breakthrough|milestone|revolution|unprecedented|state[- ]of[- ]the[- ]art"
            r"|industry[- ]leading|leap\b|game[- ]chang|flawless|outstanding|once and for all"
            r"|completely (?:solv|fix|resolv|eliminat)|record[- ]breaking|world[- ]class"
            r"|cutting[- ]edge|groundbreaking|remarkabl|impressive"
        ),
        _p(
            r"breakthrough|milestone|revolution|state[- ]of|best|perfect|complet|entire"
            r"|fully|never|leading|outstanding|impressive|remarkabl|most\b|thorough"
            r"|every|all\b|extreme|highly|very|excellent|amazing|great"
        ),
    ),
    Concept.MEANING: ConceptPatterns(
        re.compile(
            r"\b(?:marks (?:a|the|an)|signals (?:a|the|that)|demonstrates|underscores?"
            r"|underlines?|highlights? (?:the|how|that)|exemplif|testament|embod"
            r"|illustrates (?:the|how)|speaks to|symboli)"
            r"|(?:^|[.;] )this (?:shows|reflects|proves|means)",
            re.IGNORECASE,
        ),
        _p(
            r"marks?\b|signal|demonstrat|show|reflect|prove[sn]?\b|means\b|meant\b|indicat|implie[sd]|highlight"
            r"|illustrat|suggest"
        ),
    ),
    Concept.FORECAST: ConceptPatterns(
        _p(
            r"is (?:likely|expected|set|bound|poised) to|are (?:likely|expected|set|bound|poised) to"
            r"|is about to|promises to|in the (?:near )?future"
            r"|will (?:soon|certainly"
            r"|surely|likely|inevitably)"
            r"|looks set"
        ),
        _p(
            r"expect|meant|suppos|likely|probabl|plan|will\b|'ll|should|soon|eta\b|next|going to|might"
            r"|may\b|hop|would|could|aim|target|future|schedul|intend|want|propos"
        ),
    ),
    Concept.PRAISE: ConceptPatterns(
        _p(
            r"health(?:y|ily)\b(?! check)|efficiently\b|mature\b|robust(?:ly|ness)\b|lively"
            r"|vibrant|constructive|exemplary|well[- ]organi[sz]ed|excellent|elegant|smoothly"
            r"|professional|commendabl|good (?:spirit|practice|example) of"
        ),
        _p(
            r"health|friend|work|fine\b|ok\b|efficien|matur|robust|good|great|nice"
            r"|well\b|excellent|elegant|clean"
            r"|smooth|active|solid|love|like|better|best|stable|lively"
        ),
    ),
    Concept.TROUBLE: ConceptPatterns(
        _p(
            r"friction|chaos|chaotic|infighting|bottlenecks? in the (?:process|review)|weak spot"
            r"|shortcoming"
        ),
        _p(
            r"friction|chao|mix|pain|annoy|confus|frustrat|bottleneck|weak|shortcoming|problem"
            r"|bad\b|difficult|hard\b|mess"
        ),
    ),
    Concept.ADVICE: ConceptPatterns(
        re.compile(
            r"\b(?:worth (?!noting|watching|following)\w+ing|(?:teams?|users|maintainers"
            r"|the community|the project|developers|readers|operators|reviewers) (?:should"
            r"|ought to|need to|must|are advised to|would do well)"
            r"|is (?:recommended|advisable)|needs? to be (?:strengthened|improved) (?:soon|urgently))\b",
            re.IGNORECASE,
        ),
        _p(
            r"worth|use\b|try\b|set\b|can\b|instead|should|ought|need|must|please"
            r"|recommend|suggest|advis|propos|better"
            r"|want|has to|have to|consider"
        ),
    ),
    Concept.MOTIVE: ConceptPatterns(
        _p(
            r"out of (?:concern|caution|consideration|fear|courtesy)|in an attempt to|ulterior"
            r"|hoping to"
        ),
        _p(r"because|for\b|to\b|since|so that|to avoid|concern|worr|afraid|reason|in order|want|hope"),
    ),
    Concept.CONCENTRATION: ConceptPatterns(
        _p(
            r"concentrat|focus(?:es|ed)? on|mainly|mostly|chiefly|primarily|largely"
            r"|centr(?:e|es|ed) (?:on|around)"
        ),
        _p(r"concentrat|focus|main|most|chief|primar|large|centr"),
    ),
    Concept.TREND: ConceptPatterns(
        _p(
            r"trends?\b|tend(?:s|ed|ency)?\b|increasingly|more and more|gradual|stead(?:y|ily)"
            r"|accelerat(?:es|ed|ing)\b|slow(?:ed|ing) down|continu(?:es|ed|ing) to|momentum"
            r"|keeps? (?:growing|improving)"
        ),
        _p(r"trend|tend|increas|gradual|stead|accelerat|slow|continu|momentum|keep"),
    ),
    Concept.ORDER: ConceptPatterns(
        _p(r"subsequently|shortly (?:after|thereafter)|thereafter|afterwards|in turn"),
        _p(r"then|after|later|before|subsequent|next|since"),
    ),
    Concept.CAUSE: ConceptPatterns(
        _p(
            r"as a result|therefore|thereby|consequently|led to|leads to|caus(?:es|ed|ing)\b"
            r"|driven by|thanks to|owing to"
        ),
        _p(r"result|therefore|led\b|lead|caus|because|so\b|due to|since|driven|thanks"),
    ),
    Concept.BALANCE: ConceptPatterns(
        _p(r"balanced|pace\b|lively|orderly|busy\b|quiet\b|calm\b|vibran"),
        _p(r"balanc|pace|lively|order|busy|quiet|calm"),
    ),
}
