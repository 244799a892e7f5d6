"""Questions about nights that were run, answered from what the store holds.

`find` finds a night. `explain` says why its tasks ran, `diff` what another rule pack
would change, `repair` what is damaged. `sample`, `model_files`, `reviewable` and
`addresses` read parts of a night; `webhook` sends notices.
"""
