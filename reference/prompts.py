"""The official prompt texts of the DiT and of the planner."""
INSTRUCTIONS = {
    "text2music": "Fill the audio semantic mask based on the given conditions:",
    "cover": "Generate audio semantic tokens based on the given conditions:",
    "repaint": "Repaint the mask area based on the given conditions:",
}
END = "<|endoftext|>"
TEXT_LIMIT, LYRIC_LIMIT = 256, 2048


def text_prompt(description, task="text2music", hide=()):
    """Caption prompt of the DiT; metadata named in `hide` become N/A."""
    def value(key):
        return "N/A" if key in hide else description[key]
    return ("# Instruction\n%s\n\n# Caption\n%s\n\n# Metas\n- bpm: %s\n- timesignature: %s\n- keyscale: %s\n"
            "- duration: %d seconds\n%s\n" % (INSTRUCTIONS[task], description["caption"], value("bpm"), value("timesignature"),
                                              value("keyscale"), description["duration"], END))


def lyric_prompt(description):
    return "# Languages\n%s\n\n# Lyric\n%s%s" % (description["language"], description["lyrics"], END)


def planner_head(user):
    return ("<|im_start|>system\n# Instruction\n%s\n\n<|im_end|>\n<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n"
            % (INSTRUCTIONS["cover"], user))


def planner_prompt(description):
    """Chat head of the planner, up to the point where it starts to think."""
    return planner_head("# Caption\n%s\n\n# Lyric\n%s\n" % (description["caption"], description["lyrics"]))


def planner_thought(description, with_caption=False, with_language=False):
    """The reasoning block: sorted keys, caption and language only where asked for."""
    keys = ["bpm"] + ["caption"] * with_caption + ["duration", "keyscale"] + ["language"] * with_language + ["timesignature"]
    return "<think>\n%s\n</think>\n\n" % "\n".join("%s: %s" % (key, description[key]) for key in keys)


PLANNER_NULL = planner_head("NO USER INPUT") + "<think>\n\n</think>\n\n"
