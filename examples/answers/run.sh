#!/usr/bin/env bash
# Runs the example in .seedbed/answers, a DVC project of its own: this code, the params of this
# folder. Arguments go to `dvc repro`, such as the name of a stage to stop at; a whole run brings its
# report back.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=.seedbed/answers
example=examples/answers

mkdir -p "$folder" && chmod 700 "$folder"
rm -rf "$folder/seedbed" "$folder/stages"  # a module that is gone here must not stay there
git ls-files -z seedbed stages dvc.yaml .dvcignore data/frozen_test.csv data/tombstones.csv \
  data/raw/.gitignore data/decisions/.gitkeep | tar -c -f - --null -T - | tar -x -f - -C "$folder"
cp "$example/params.yaml" "$folder/params.yaml"
mkdir -p "$folder/tests/model"  # cases of classifiers; answers have none
cd "$folder"
test -d .git || git init --quiet
test -d .dvc || dvc init --quiet
export DVC_NO_ANALYTICS=1
dvc repro --quiet "$@"
cd - > /dev/null
if [ $# -eq 0 ]; then
  rm -rf "$example/reports"
  mkdir -p "$example/reports"
  cp -R "$folder/reports/report.md" "$folder/reports/metrics" "$folder/reports/plots" "$example/reports"
fi
