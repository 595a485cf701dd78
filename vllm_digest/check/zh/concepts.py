"""Chinese patterns of judgements (`Concept`), in a model's sentence and in a source that supports it."""

import re

from vllm_digest.check.claims import Concept
from vllm_digest.check.language import ConceptPatterns

_P = re.compile

# As in `check.en.concepts`. There are no spaces between words, so each pattern excludes the other words that
# contain its characters.
CONCEPTS = {
    Concept.DECISION: ConceptPatterns(
        _P(
            r"(?<![未没尚])(?<!没有)(?:各方|双方|讨论|社区|团队|大家|会议|RFC|评审者们"
            r"|维护者们)[^，。；]{0,8}(?<![未没由])(?:决定|商定|敲定|采纳|约定|拍板)"
            r"|(?:最终|一致|共同)(?:决定|商定|敲定|采纳|同意|约定)|(?<![未没尚由])(?<!尚未)(?<!没有)已经?(?:决定"
            r"|商定|敲定|采纳)"
            r"|(?<![未尚没法以])(?<!没有)达成了?(?:一致|共识)"
        ),
        _P(r"决定|商定|同意|采纳|一致|共识|定下|就这样|好的"),
    ),
    Concept.EVERYTHING: ConceptPatterns(
        _P(
            r"(?<!不是)(?<!并非)(?<!不支持)(?:所有|全部|任意"
            # 没有在任何机器上 says nothing of all of them.
            r"|(?<![未没不无])(?<![未没不无].)(?<![未没不无]..)(?<![未没不无]...)(?<![未没不无]....)任何|一切|各类|各种)\s?(?:的\s?)?(?:[A-Za-z]+\s?){0,2}(?:GPU"
            r"|CPU|显卡|硬件|平台|后端|架构|设备|机器|模型|环境|场景"
            r"|注意力后端|8 卡机器|[一-鿿\d ]{0,5}(?:后端|机器|平台|模型|硬件))"
        ),
        _P(r"所有|全部|任意|任何|每|各|都|均|一切|通用"),
    ),
    Concept.SIGNIFICANCE: ConceptPatterns(_P(r"显著|大幅(?!度)"), _P(r"显著|大幅|明显|大量|很多|严重")),
    Concept.TRIUMPH: ConceptPatterns(
        _P(
            r"彻底|重大突破|突破性|里程碑|飞跃|质的(?:飞跃|提升)|业界领先|领先(?:水平"
            r"|地位)|革命性|史无前例|前所未有|极为|极大(?!值)|卓越|完美|堪称"
            r"|颠覆|划时代|遥遥领先|首屈一指|一举(?!一动)"
        ),
        _P(r"彻底|完全|突破|里程碑|飞跃|领先|完美|极|最"),
    ),
    Concept.MEANING: ConceptPatterns(
        _P(
            r"标志着|体现(?:了|出)|彰显|凸显|象征|折射|印证(?:了|出)|展现(?:了"
            r"|出)|显示出[^，。；]{0,12}(?:精神|态度|重视|决心|活力|趋势|能力|成熟)"
            r"|(?:^|[，。；])(?:这|此举|这一点|由此可见|可见)[^，。；]{0,6}(?:说明|表明|反映)"
        ),
        _P(r"标志|体现|彰显|说明|表明|意味|反映|显示"),
    ),
    Concept.FORECAST: ConceptPatterns(
        _P(
            r"有望|预计|预期(?!的?行为|行为|之[中内]|结果|一致|相符)|势必|(?<!不)必将|可望"
            r"|料将|指日可待|未来[^，。；]{0,6}(?:将|会)"
        ),
        _P(r"有望|预计|预期|将|会|应该|可能|打算|计划"),
    ),
    Concept.PRAISE: ConceptPatterns(
        _P(
            r"健康(?!检查|状态|探针)|良性|高效(?![率果应益能])|普适|良好|出色|优秀|成熟(?!度)"
            r"|稳健|扎实|活跃(?!度|的?请求)|积极(?!的?响应)|友好|协作精神|专业性"
            r"|高度重视|踊跃"
        ),
        _P(r"健康|良|高效|普适|好|优|成熟|稳|活跃|积极|友好"),
    ),
    Concept.TROUBLE: ConceptPatterns(
        _P(r"摩擦|阻力|内耗|混乱|乱象|隐忧|短板|软肋|薄弱"), _P(r"摩擦|阻|混|乱|弱|差|麻烦|困难")
    ),
    Concept.ADVICE: ConceptPatterns(
        _P(
            r"值得(?:在|借鉴|推广|肯定|称赞|警惕|补强|优化|学习|商榷|推荐|尝试)"
            r"|建议(?:团队|社区|用户|维护者|官方|项目|开发者|运维|读者|大家|相关)"
            r"|(?:应当?|需要?|必须|亟需|亟待)(?:尽快|优先|进一步加强|加强|完善|引起重视|警惕)|有必要"
        ),
        _P(r"值得|建议|应|需|请|必须|最好|推荐"),
    ),
    Concept.MOTIVE: ConceptPatterns(
        _P(r"出于[^，。；]{1,14}(?:考虑|目的|原因|担忧|动机)|(?<!愿)意在|(?<![采使启])用意|企图|试图以此"),
        _P(r"为了|考虑|因为|由于|所以|目的|担"),
    ),
    Concept.CONCENTRATION: ConceptPatterns(
        _P(
            r"集中(?:在|于)|重心|重点(?:在|是|放)|主要(?:集中|围绕|来自|涉及|方向)|以[^，。；]{1,16}为主|聚焦"
        ),
        _P(r"集中|重心|重点|主要|为主|聚焦"),
    ),
    Concept.TREND: ConceptPatterns(
        _P(
            r"趋势|趋于|趋向|呈现|持续(?:推进|投入|增长|活跃|增加|扩大|改善)|越来越|日益|逐[步渐]"
            r"|加速(?!器|内核|了?推理)|放缓|回暖|升温|稳步"
        ),
        _P(r"趋|呈现|持续|越来越|日益|逐|加速|放缓|稳步"),
    ),
    Concept.ORDER: ConceptPatterns(
        _P(r"随后|接着|紧接着|继而|此后|旋即"), _P(r"随后|接着|之后|后|先|再|继而")
    ),
    Concept.CAUSE: ConceptPatterns(
        _P(r"导致|因此|从而|使得|促使|推动了|得益于|归因于|归功于|源于"),
        _P(r"导致|因|从而|使|促|得益|由于|源"),
    ),
    Concept.BALANCE: ConceptPatterns(
        _P(r"均衡|平衡|平稳|稳定推进|有序|节奏|热烈|火热|冷清|繁忙|平静|生态(?:活力|繁荣)"),
        _P(r"均衡|平衡|平稳|稳定|有序|节奏|热烈"),
    ),
}
