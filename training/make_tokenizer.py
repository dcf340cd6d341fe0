"""Train the small tokenizer on the prompts of generated songs: python3 -m training.make_tokenizer."""
import sys

from reference import prompts, tokenizer

from .music.captions import describe
from .music.compose import compose

WORDS = 1024           # byte tokens and merges; the added tokens follow
FOLDER = "training/checkpoints/tokenizer"
# Everyday English around music, so that prompts in other words are not cut into single bytes.
EXTRA = """a an the and or of for with without in on at to from by over under into is it this that my your our make me
please create write song music track beat melody harmony rhythm tempo slow fast happy sad angry gentle soft loud heavy
light deep warm cold bright dark night day morning evening summer winter rain city street ocean forest mountain dream
love heart party dance study sleep relax workout game movie trailer background intro outro verse chorus bridge hook
instrumental vocal voice singer male female drums bass guitar piano violin cello strings flute synth organ trumpet
saxophone brass choir bell percussion acoustic electric electronic vintage modern retro minimal epic orchestral
atmospheric groovy funky smooth energetic relaxing emotional powerful hypnotic bouncy catchy simple complex solo duet
chords arpeggio pad lead riff loop key major minor bpm beats per minute waltz swing groove reverb distorted clean"""


def corpus(count):
    for seed in range(count):
        description = describe(compose(seed), seed % 7)
        yield prompts.text_prompt(description)
        yield description["caption"].lower()
        yield prompts.lyric_prompt(description)
        yield prompts.planner_prompt(description) + prompts.planner_thought(description, True, True)
    for _ in range(20):
        yield EXTRA
        yield " ".join(word.capitalize() for word in EXTRA.split())


def main():
    made = tokenizer.train(corpus(int(sys.argv[1]) if len(sys.argv) > 1 else 1500), WORDS)
    made.save(FOLDER)
    lengths = [len(made.encode(prompts.text_prompt(describe(compose(10 ** 9 + i))))) for i in range(50)]
    print("vocabulary %d, merges %d, prompt length mean %.0f max %d" % (
        len(made.vocabulary), len(made.merges), sum(lengths) / 50, max(lengths)))


if __name__ == "__main__":
    main()
