"""Measure the built-in model on prompts that were not trained on, through the program itself: prints the whole table.

    python3 -m training.evaluate --out DIR [--ams ./ams] [--model models/demo] [--jobs 2] [--only songs,codec,…]

Songs are made on the CPU and kept in DIR, so a stopped run goes on where it was; each part's lines are kept, too (remove
DIR/<part>.json to measure it again). `--jobs 2` makes two songs at a time with half the threads each; speed is always
measured alone. DIR/table.md and DIR/spectrograms.png are the result, and --page writes docs/built-in-model.md from them.
The autoencoder is also measured on CC0 recordings if Debian's package sonic-pi-samples is installed.
"""
import argparse
import json
import os

import numpy as np

from . import analysis, built_in_page, classifier, measure_songs
from .measure_codec import measure_codec
from .measure_modes import measure_codes, measure_covers, measure_extensions, measure_repaints
from .measure_speed import measure_speed
from .program import Program, read_wav

HEADER = ("figure", "reached", "renderings", "goal", "songs")
PICTURES = 3


def song_lines(program, opt):
    net = classifier.load()
    ceiling = measure_songs.measure_renderings(program, net, opt.prompts)
    rows = measure_songs.measure_prompts(program, net, opt.prompts, opt.seeds)
    with open(os.path.join(opt.out, "rows.json"), "w") as file:
        json.dump(rows, file, indent=1)
    return measure_songs.shares(rows, measure_songs.GOALS, ceiling)


def text_lines(program, opt):
    rows = measure_songs.measure_prompts(program, classifier.load(), min(opt.prompts, 2 * opt.fewer), 1, planner=False, stem="text-")
    return [("without planner: " + line[0],) + line[1:] for line in measure_songs.shares(rows, measure_songs.TEXT_GOALS)]


def codec_lines(program, opt):
    return measure_codec(program, [program.rendering(measure_songs.prompt(i)[0])[1] for i in range(opt.fewer)])


PARTS = {
    "speed": lambda program, opt: measure_speed(program),
    "songs": song_lines,
    "text": text_lines,
    "codes": lambda program, opt: measure_codes(program, opt.fewer),
    "covers": lambda program, opt: measure_covers(program, opt.fewer),
    "repaints": lambda program, opt: measure_repaints(program, opt.fewer),
    "extensions": lambda program, opt: measure_extensions(program, opt.fewer),
    "codec": codec_lines,
}


def lines_of(part, program, opt):
    """The lines of one part, measured now or read from what an earlier run kept."""
    path = os.path.join(opt.out, part + ".lines.json")
    if not os.path.exists(path):
        lines = PARTS[part](program, opt)
        with open(path, "w") as file:
            json.dump(lines, file, indent=1, ensure_ascii=False)
    with open(path) as file:
        return json.load(file)


def table(lines):
    """Markdown rows."""
    return ["| " + " | ".join(HEADER) + " |", "| " + " | ".join("---" for _ in HEADER) + " |"] + [
        "| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def save_pictures(program, opt):
    """Spectrograms of the first songs, one PNG each, and their captions."""
    pictures = []
    for index in range(PICTURES):
        path = program.file("%03d-0" % index)
        if not os.path.exists(path):
            return []
        name = os.path.join(opt.out, "song-%d.png" % (index + 1))
        analysis.save_png(analysis.spectrogram(read_wav(path).mean(0), 640, 200), name)
        song, description = measure_songs.prompt(index)
        pictures.append((name, "%s (%d bpm, %s)" % (description["caption"].rstrip("."), song.bpm, song.keyscale)))
    return pictures


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--ams", default="./ams")
    parser.add_argument("--model", default="models/demo")
    parser.add_argument("--jobs", type=int, default=1, help="songs made at a time")
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fewer", type=int, default=12, help="songs of each comparison of modes")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas: " + ", ".join(PARTS))
    parser.add_argument("--page", action="store_true", help="write docs/built-in-model.md and its pictures")
    return parser.parse_args()


def main():
    opt = options()
    program = Program(opt.ams, opt.model, opt.out, opt.jobs)
    lines = [line for part in opt.only.split(",") for line in lines_of(part, program, opt)]
    rows = table(lines)
    with open(os.path.join(opt.out, "table.md"), "w") as file:
        file.write("\n".join(rows) + "\n")
    print("\n".join(rows))
    pictures = save_pictures(program, opt)
    if opt.page:
        built_in_page.write(rows, pictures, opt)


if __name__ == "__main__":
    main()
