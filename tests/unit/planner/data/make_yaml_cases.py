"""Makes yaml_cases.json: strings and what PyYAML writes for them as the value of a key.

Usage: make_yaml_cases.py COUNT FILE
"""
import json, random, sys, yaml
random.seed(7)
count = int(sys.argv[1])
words = ["a","warm","pad:","#tag","it's","don't","\"quoted\"","-","- x","?","key: value","[x]","{y}","&amp","*star","!bang","|","> ","%p","@at","`tick`","  ","\t","\n","\n\n","é","日本語","🎵","\u00a0","\u2028","\u0085","\ufeff","\x07","\x7f","\\","/","N/A","6/8","no","1:30","12","3.5","---","...","=","<<","~","null",",",":",";","(120 bpm)","long-word-with-dashes","\r"," #x"," trailing "]
fixed = ["An atmospheric blend of downtempo electronica and soulful vocals unfolds over a steady, sparse beat, with warm analogue pads and a breathy female lead that builds towards a cathartic final chorus.",
"Rock: loud and fast","It's loud","'quoted by LM: x'","mid #hash","a\tb","no","No","NO","nO","yes","Yes","on","off","Off","true","True","false","null","Null","~","=","<<","0x1f","0b1","017","08","1_000","1:30","1:30.5","190:20:30","12","-12","+3","1.5","1.","1e3","1.0e3","1.0e+3",".5","-.5","+.inf",".inf","-.INF",".nan",".","..","...","---","---x","-","- a","-a","?","? a","?a",":","a:","a: b","a:b","a #b","a#b","2024-01-01","2024-1-1","2024-1-1 10:00:00","2024-01-01T10:00:00Z","2024-01-01 10:00:00.5 +01:00","F# minor","B♭ major","6/8","4","N/A","en","unknown",""," ","  "," lead","trail ","a  b","a\nb","a\n b","a \nb","\na","a\n","🎵 song","🎵: song\t","é"*100,"日本"*60,"word "*40+"end","'"+"word "*40+"end","#"+"word "*40+"end  x","x: "+"don't "*40,"\t"+"word "*60+"🎵","a b  c "*30+"end","x\x85y","x\u2028y","x\ufeffy","x\x00y","x\x1by","\"","a\"b","\\","a\\b"]
cases = list(fixed)
while len(cases) < count:
    n = random.choice([1,2,3,5,10,30,60])
    sep = random.choice([" "," "," ","","  "])
    w = random.choice([words, ["word","another","x","don't","it: is","pad,"], words[:10]])
    cases.append(sep.join(random.choice(w) for _ in range(n)))
out = []
for c in cases[:count]:
    d = yaml.dump({"caption": c}, allow_unicode=True, sort_keys=True, default_flow_style=False)
    d = d[:-1] if d.endswith("\n") else d
    assert yaml.safe_load(d)["caption"] == c or "\u0085" in c or "\u2028" in c or "\r" in c, c
    out.append([c, d])
json.dump(out, open(sys.argv[2],"w"), ensure_ascii=True, indent=0)
