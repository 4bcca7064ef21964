-- Opens a document in Neovim with the language server, asks for everything and writes the answers as JSON.
-- vim.g.job: { recipe, file, output }
local job = vim.g.job
local answers = { messages = {} }

local function finish()
  vim.fn.writefile({ vim.fn.json_encode(answers) }, job.output)
  vim.cmd('qall!')
end

local function wait(condition, what)
  if not vim.wait(30000, condition, 50) then
    table.insert(answers.messages, 'no ' .. what)
    finish()
  end
end

-- What Neovim 0.7 lacks, done as later ones do it.
vim.fs = vim.fs or {
  dirname = function(file)
    return vim.fn.fnamemodify(file, ':p:h')
  end,
  find = function(names, options)
    for _, name in ipairs(names) do
      local found = vim.fn.findfile(name, options.path .. ';')
      if found ~= '' then
        return { vim.fn.fnamemodify(found, ':p') }
      end
    end
    return {}
  end,
}
vim.lsp.start = vim.lsp.start or function(config)
  vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
end

vim.cmd('filetype on')
vim.cmd('luafile ' .. vim.fn.fnameescape(job.recipe))
vim.cmd('edit ' .. vim.fn.fnameescape(job.file))
local id
wait(function()
  id = next(vim.lsp.buf_get_clients(0))
  return id
end, 'client')

local function diagnostics()
  return vim.diagnostic.get(0)
end

local function ask(method, more)
  local params = vim.lsp.util.make_position_params(0, 'utf-16')
  for key, value in pairs(more or {}) do
    params[key] = value
  end
  local found = vim.lsp.buf_request_sync(0, method, params, 30000)
  local answer = found and found[id] or {}
  if answer.err then
    table.insert(answers.messages, method .. ': ' .. answer.err.message)
  end
  return answer.result
end

wait(function() return #diagnostics() > 0 end, 'diagnostics')
answers.diagnostics = diagnostics()

local first = diagnostics()[1]
vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col + 2 })
answers.hover = ask('textDocument/hover').contents.value

local place = { line = first.lnum, character = first.col + 2 }
local actions = ask('textDocument/codeAction', {
  range = { start = place, ['end'] = place },
  context = { diagnostics = {} },
})
answers.actions = vim.tbl_map(function(action) return action.title end, actions)
vim.lsp.util.apply_workspace_edit(actions[1].edit, 'utf-16')
wait(function() return #diagnostics() == 0 end, 'diagnostics that are gone')
answers.text = vim.api.nvim_buf_get_lines(0, 0, -1, false)

local location = ask('textDocument/definition')
vim.lsp.util.jump_to_location(location, 'utf-16')
answers.definition = { line = vim.api.nvim_get_current_line(), readonly = vim.bo.readonly }
finish()
