{% macro require_complete(contract, period) %}
  {% if execute and flags.WHICH in ("build", "run") %}
    {% set found = run_query("SELECT revision FROM contract_status WHERE contract_id = '" ~ contract ~ "' AND period_key = '" ~ period ~ "'") %}
    {% if found.rows | length == 0 %}
      {{ exceptions.raise_compiler_error(contract ~ " " ~ period ~ " is not complete: build it later") }}
    {% endif %}
    {{ log(contract ~ " " ~ period ~ " is complete, revision " ~ found.rows[0][0], info=True) }}
  {% endif %}
{% endmacro %}
