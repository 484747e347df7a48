#!/bin/sh
# Runs the device suite where it was carried to: sh run.sh [options of main.ts, such as --only machine,abi,bench]. Needs a GPU with its driver, NVRTC and cuBLASLt
# (a CUDA toolkit, or the packages that come with PyTorch or JAX) and python3; no network. The report is in out/.
set -eu
cd "$(dirname "$0")"

if [ ! -x node ]; then
  echo 'unpacking Node and MNIST'
  for file in node.xz mnist/*.xz; do
    python3 -c 'import lzma, shutil, sys
with lzma.open(sys.argv[1]) as packed, open(sys.argv[2], "wb") as file: shutil.copyfileobj(packed, file)' "$file" "${file%.xz}"
  done
  chmod +x node
fi

# Libraries that pip installed lie where no loader looks.
python_path=$(python3 -c 'import os, sys; print(":".join(p for p in sys.path if os.path.isdir(p)))')
pip_libraries=$(python3 -c 'import glob, sys; print(":".join(sorted({d for p in sys.path if p for d in glob.glob(p + "/nvidia/*/lib")})))')
export COTANGENT_PYTHON_PATH="$python_path"
export LD_LIBRARY_PATH="$pip_libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# The addon that was built elsewhere, or if it does not load here one of the carried sources.
addon=prebuilt/linux-x64/cuda.node
if ! ./node -e "require('./$addon')" 2> addon.log; then
  echo "the carried addon does not load (addon.log); building it from its sources"
  g++ -std=c++20 -shared -fPIC -fvisibility=hidden -O2 -pthread -Iinclude -o "$addon.new" native/addon.cpp -ldl
  mv "$addon.new" "$addon"
fi

nvidia-smi -L || echo 'nvidia-smi: not there'
exec ./node suite/dist/main.mjs --out out --data mnist --native native --peers bench.py "$@"
